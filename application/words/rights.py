"""What a request, its outcome and a viewing are called: Portuguese first, English second; plus what never changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Words = tuple[str, str]

KINDS: Final[Mapping[str, Words]] = {
    "confirmation": ("confirmação de tratamento", "confirmation of processing"),
    "access": ("acesso simplificado", "simplified access"),
    "statement": ("declaração completa", "full statement"),
    "correction": ("correção", "correction"),
    "portability": ("portabilidade", "portability"),
    "objection": ("oposição", "objection"),
    "deletion": ("eliminação", "deletion"),
    "review": ("revisão de decisão automatizada", "review of an automated decision"),
    "sharing": ("informação sobre compartilhamento", "information about sharing"),
}
STATES: Final[Mapping[str, Words]] = {
    "open": ("em aberto", "open"),
    "due_soon": ("vence em breve", "due soon"),
    "overdue": ("vencido", "overdue"),
    "answered": ("respondido", "answered"),
    "refused": ("recusado", "refused"),
}
OUTCOMES: Final[Mapping[str, Words]] = {
    "given": ("as informações foram entregues", "the information was handed over"),
    "corrected": ("os dados foram corrigidos", "the data were corrected"),
    "already_correct": ("os dados já estavam assim", "the data were so already"),
    "processing_ended": ("o tratamento terminou", "the processing has ended"),
    "nothing_in_force": ("não havia tratamento em curso", "there was no processing to end"),
    "erased": ("nenhum dado pessoal é mantido; veja o certificado", "no personal data held; see the certificate"),
    "upheld": ("uma pessoa reviu a decisão e a manteve", "a person reviewed the decision and upheld it"),
    "overturned": ("uma pessoa reviu a decisão e a reverteu", "a person reviewed the decision and overturned it"),
    "identity_not_proven": ("a identidade não ficou comprovada", "who asked was not proven"),
    "not_the_controller": ("o hospital não trata esses dados aqui", "the hospital does not process those data here"),
    "fact_prevents": ("um fato impede o atendimento imediato", "a fact prevents doing it at once"),
    "law_prevents": ("a lei impede o atendimento", "the law prevents doing it"),
    "kept_by_legal_duty": ("a lei obriga a manter os dados", "the law obliges to keep the data"),
    "trade_secret": ("segredo comercial ou industrial", "a trade or industrial secret"),
    "no_automated_decision": ("não houve decisão automatizada", "there was no automated decision"),
}
REASONS: Final[Mapping[str, Words]] = {
    "decision_correct": ("a decisão estava certa", "the decision was right"),
    "not_a_live_face": ("a prova de vida não foi cumprida", "it was not shown that a live person was there"),
    "pictures_unusable": ("as imagens não serviam", "the pictures could not be used"),
    "no_consent_then": ("não havia consentimento em vigor", "no consent was in force then"),
    "lockout_correct": ("o bloqueio estava certo", "the lockout was right"),
    "false_rejection": ("o sistema recusou a pessoa certa", "the system refused the right person"),
    "lockout_wrong": ("o bloqueio foi indevido", "the lockout was wrong"),
    "system_fault": ("houve falha do sistema", "the system was at fault"),
    "camera_or_light": ("câmera ou iluminação do local", "the camera or the light there"),
    "template_outdated": ("o modelo cadastrado está desatualizado", "the enrolled template is out of date"),
}
MEASURES: Final[Mapping[str, Words]] = {
    "re_enrol": ("fazer novo cadastro", "enrol again"),
    "threshold_note": ("anotar para a revisão do limiar", "noted for the review of the threshold"),
    "unlock": ("bloqueio liberado", "lockout ended"),
    "password": ("entrar por senha", "sign in with the password"),
}
BASES: Final[Mapping[str, Words]] = {
    "lgpd_art_16_1": ("LGPD art. 16, I", "LGPD art. 16, I"),
    "lgpd_art_18_3": ("LGPD art. 18, § 3º", "LGPD art. 18, paragraph 3"),
    "lgpd_art_18_4_1": ("LGPD art. 18, § 4º, I", "LGPD art. 18, paragraph 4, I"),
    "lgpd_art_18_4_2": ("LGPD art. 18, § 4º, II", "LGPD art. 18, paragraph 4, II"),
    "lgpd_art_20": ("LGPD art. 20", "LGPD art. 20"),
    "lgpd_art_20_1": ("LGPD art. 20, § 1º", "LGPD art. 20, paragraph 1"),
    "lgpd_art_11_2_g": ("LGPD art. 11, II, g", "LGPD art. 11, II, g"),
    "lgpd_art_7_2": ("LGPD art. 7º, II", "LGPD art. 7, II"),
    "marco_civil_art_15": ("Marco Civil da Internet, art. 15", "Marco Civil da Internet, art. 15"),
}

CRITERIA: Final[tuple[Words, ...]] = (
    (
        "Prova de vida: as imagens de uma sessão recebem notas; abaixo de um limite medido, ninguém entra.",
        "Liveness: the frames of a session are scored; below a measured threshold nobody is let in.",
    ),
    (
        (
            "Semelhança: o rosto é comparado ao modelo cadastrado; a semelhança tem de atingir um limiar, que cresce "
            "com o número de pessoas do setor."
        ),
        (
            "Similarity: the face is compared with the enrolled template; the similarity has to reach a threshold, "
            "which grows with the number of people in the department."
        ),
    ),
    (
        "Distância: o segundo rosto mais parecido tem de ficar a uma distância mínima do primeiro.",
        "Margin: the second most similar face has to be a least distance away from the first.",
    ),
    (
        "Regras: consentimento, cadastro e conta têm de estar em vigor; depois de falhas demais é preciso esperar.",
        "Rules: consent, enrolment and account have to be in force; after too many failures one has to wait.",
    ),
    (
        (
            "Os números (limiares e notas) protegem todas as pessoas contra fraude e ficam no registro de auditoria; "
            "quem revê uma recusa vê todos. A senha é sempre uma alternativa."
        ),
        (
            "The numbers (thresholds and scores) protect everybody from fraud and stay in the audit trail; whoever "
            "reviews a refusal sees all of them. The password is always another way."
        ),
    ),
)
"""How decisions are made (LGPD art. 19 II, 20 paragraph 1), without what would help to deceive the system."""

UNLINKED: Final[Words] = (
    (
        "Tentativas em que ninguém foi reconhecido não estão ligadas a pessoa alguma e não aparecem aqui; para revisar "
        "uma delas, informe o número da tentativa."
    ),
    (
        "Attempts in which nobody was recognised are linked to no person and are not listed here; to have one "
        "reviewed, name the attempt's number."
    ),
)


def pair(words: Words) -> dict[str, str]:
    """Return words as JSON values."""
    return {"pt-BR": words[0], "en": words[1]}


def named(table: Mapping[str, Words], code: str) -> dict[str, str]:
    """Return a code's words as JSON values; a code without words stands for itself."""
    return pair(table.get(code, (code, code)))
