"""Risks of the processing (LGPD art. 38), what is done about each, and what is left: the threat model as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from application.reporting.facts import Text
from application.services import Policies
from domain.policies.liveness import ACTIVE
from domain.policies.matching import TARGET_FPIR

LEVELS: Final[tuple[Text, ...]] = (
    ("baixo", "low"),
    ("médio", "medium"),
    ("alto", "high"),
    ("muito alto", "very high"),
)
LOW, MEDIUM, HIGH = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Risk:
    """A threat, the measures against it, and what remains: ``residual`` is a place in ``LEVELS``, ``why`` says why."""

    code: str
    threat: Text
    measures: Text
    residual: int
    why: Text


def risks(policies: Policies) -> list[Risk]:
    """Return the risks under the policies in force."""
    return [_presentation(policies), _injection(policies), _false_match(policies), *_FIXED]


def _presentation(policies: Policies) -> Risk:
    """Passive evidence is one notch weaker than active: ADR 0015 and docs/liveness.md say why."""
    active = policies.evidence.mode == ACTIVE
    threat = ("Foto, tela ou máscara em lugar da pessoa", "Photograph, screen or mask in place of the person")
    if active:
        return Risk(
            "presentation_attack",
            threat,
            (
                "Prova de vida ativa: movimentos sorteados com prazo, além de textura e redes sobre toda a sessão.",
                "Active proof of life: random movements with a deadline, besides texture and networks throughout.",
            ),
            MEDIUM,
            (
                (
                    "Um filme da pessoa certa que por acaso faça os movimentos pedidos passa; máscaras não contam. "
                    "Medido com seis pessoas, uma impressora e duas telas."
                ),
                (
                    "A film of the right person that happens to perform the asked movements passes; masks are not "
                    "looked for. Measured with six people, one printer and two screens."
                ),
            ),
        )
    return Risk(
        "presentation_attack",
        threat,
        (
            "Prova de vida passiva: textura e redes sobre três quadros; nenhum movimento é pedido.",
            "Passive proof of life: texture and networks over three frames; no movement is asked for.",
        ),
        MEDIUM + 1,
        (
            (
                "Um degrau mais fraca que a ativa: uma foto que engana as redes e é inclinada passa; luz quente deixa "
                "passar de 8 a 14 % dos quadros de fotos impressas; nenhum desafio detém um vídeo gravado."
            ),
            (
                "One notch weaker than active: a photograph that fools the networks and is tilted passes; warm light "
                "lets 8 to 14 % of single frames of prints pass; no challenge stops a recorded video."
            ),
        ),
    )


def _injection(policies: Policies) -> Risk:
    signed = bool(policies.device_required)
    return Risk(
        "injection",
        ("Vídeo injetado por câmera virtual", "Video injected by a virtual camera"),
        (
            "Aparelho pareado que assina cada quadro exigido em: " + ", ".join(sorted(policies.device_required)),
            "A paired device that signs every frame, required in: " + ", ".join(sorted(policies.device_required)),
        )
        if signed
        else (
            "Desafios sorteados; aparelhos que assinam quadros não são exigidos.",
            "Random challenges; devices that sign frames are not required.",
        ),
        MEDIUM if signed else HIGH,
        (
            "Um navegador não distingue câmera virtual de verdadeira; não há atestação de aparelho.",
            "A browser cannot tell a virtual camera from a real one; devices are not attested.",
        ),
    )


def _false_match(policies: Policies) -> Risk:
    target = f"{policies.matching.fpir_target:g}"
    return Risk(
        "false_match",
        ("Uma pessoa tomada por outra", "One person taken for another"),
        (
            f"Limiar pela meta de FPIR {target} e pelo tamanho do cadastro; margem ao segundo; bloqueio após falhas.",
            f"Threshold from the FPIR target {target} and the gallery size; margin to the second; lockout.",
        ),
        LOW if policies.matching.fpir_target <= TARGET_FPIR else MEDIUM,
        (
            "Vale para a distribuição medida; irmãos gêmeos não foram medidos.",
            "Holds for the measured distribution; twins were not measured.",
        ),
    )


_FIXED: Final = (
    Risk(
        "theft_at_rest",
        ("Furto de disco, cópia do banco ou backup", "Theft of a disk, database dump or backup"),
        (
            "Eventos cifrados por inteiro; campos pessoais e modelos sob a chave de cada pessoa; chaves à parte.",
            "Whole events sealed; personal fields and templates under each person's key; key ring apart.",
        ),
        LOW,
        (
            "Contagens, horários, setores e identificadores ficam legíveis nas visões.",
            "Counts, times, departments and ids stay readable in the read models.",
        ),
    ),
    Risk(
        "linking",
        ("Ligar pessoas entre sistemas ou recriar um rosto", "Linking people across systems, or rebuilding a face"),
        (
            "Transformação com chave, renovável; identificadores diferentes por destinatário; nenhuma imagem guardada.",
            "Keyed, renewable transform; another id for every receiver; no image is kept.",
        ),
        LOW,
        ("Com todas as chaves e o banco, sim.", "With all keys and the database, yes."),
    ),
    Risk(
        "tampering",
        ("Histórico alterado por quem administra o banco", "History changed by whoever runs the database"),
        (
            "Somente acréscimo; cada selo preso ao seu lugar; selos recusados vão ao diário.",
            "Append-only; every seal bound to its place; refused seals are journaled.",
        ),
        LOW,
        (
            "O dono do banco pode destruir; não pode forjar sem as chaves.",
            "The owner may destroy, not forge without keys.",
        ),
    ),
    Risk(
        "insider",
        ("Quem opera o serviço como root", "Whoever operates the service as root"),
        (
            "Diário do que é feito pelo serviço; um HSM impede copiar chaves.",
            "Journal; an HSM keeps keys from being copied.",
        ),
        HIGH,
        ("Tecnicamente nada o detém enquanto o serviço roda.", "Technically nothing stops them while it runs."),
    ),
    Risk(
        "lingering",
        ("Dados que sobrevivem ao apagamento", "Data that survives erasure"),
        (
            "Chave da pessoa destruída na hora; chaves que a cifravam, no prazo; cópias de chaves com validade.",
            "The person's key destroyed at once; the keys that wrapped it in due time; key backups expire.",
        ),
        LOW,
        (
            "Cópias que alguém fez das chaves e do banco, fora do alcance do serviço.",
            "Copies of keys and database that somebody made, out of the service's reach.",
        ),
    ),
    Risk(
        "exclusion",
        ("Recusa injusta, ou pessoa sem biometria", "Unfair refusal, or a person without biometrics"),
        (
            "Senha sempre disponível; recusa com o que fazer; revisão por uma pessoa.",
            "Password always there; a refusal says what to do; review by a person.",
        ),
        LOW,
        (
            "Diferenças entre grupos de pessoas não foram medidas aqui.",
            "Differences between groups of people were not measured here.",
        ),
    ),
)
