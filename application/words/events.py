"""What each kind of event means."""

from __future__ import annotations

from functools import cache
from typing import Final

from application.words import Words

EVENTS: Final = {
    "consent.granted": Words("consentimento dado", "consent given"),
    "consent.renewed": Words("consentimento renovado", "consent renewed"),
    "consent.withdrawn": Words("consentimento retirado", "consent withdrawn"),
    "consent.objected": Words("oposição ao tratamento registrada", "objection to the processing recorded"),
    "consent.expired": Words("consentimento vencido", "consent expired"),
    "enrollment.opened": Words("cadastro biométrico iniciado", "biometric enrolment begun"),
    "enrollment.capture_accepted": Words("foto do cadastro aceita", "enrolment picture accepted"),
    "enrollment.capture_rejected": Words("foto do cadastro recusada", "enrolment picture rejected"),
    "enrollment.template_sealed": Words("modelo biométrico criado e cifrado", "biometric template made and sealed"),
    "enrollment.activated": Words("cadastro biométrico ativado", "biometric enrolment activated"),
    "enrollment.suspended": Words("cadastro biométrico suspenso", "biometric enrolment suspended"),
    "enrollment.reinstated": Words("cadastro biométrico reativado", "biometric enrolment reinstated"),
    "enrollment.department_changed": Words(
        "mudança de setor no cadastro biométrico",
        "biometric enrolment moved to another department",
    ),
    "enrollment.renamed": Words("nome alterado no cadastro biométrico", "name changed in the biometric enrolment"),
    "enrollment.threshold_overridden": Words(
        "limiar pessoal de semelhança definido",
        "personal similarity threshold set",
    ),
    "enrollment.template_rotated": Words(
        "modelo biométrico trocado por outro da mesma pessoa",
        "biometric template replaced by another of the same person",
    ),
    "enrollment.revoked": Words("cadastro biométrico encerrado", "biometric enrolment ended"),
    "enrollment.erased": Words(
        "chave dos dados destruída: o cadastro não pode mais ser lido",
        "data key destroyed: the enrolment cannot be read any more",
    ),
    "attempt.started": Words("tentativa de acesso iniciada", "attempt to sign in started"),
    "attempt.challenge_issued": Words("desafio de prova de vida apresentado", "liveness challenge issued"),
    "attempt.device_proven": Words("dispositivo pareado comprovado", "paired device proven"),
    "attempt.evidence_assessed": Words("imagens da tentativa avaliadas", "frames of the attempt assessed"),
    "attempt.succeeded": Words("acesso permitido pelo rosto", "admitted by face"),
    "attempt.refused": Words("acesso recusado", "refused"),
    "attempt.factor_accepted": Words("rosto aceito; falta a senha", "face accepted; the password is still missing"),
    "attempt.second_factor_accepted": Words(
        "senha aceita depois do rosto: acesso permitido",
        "password accepted after the face: admitted",
    ),
    "attempt.second_factor_refused": Words("senha recusada depois do rosto", "password refused after the face"),
    "attempt.fallback_offered": Words("outro meio de acesso oferecido", "another way in offered"),
    "attempt.fallback_succeeded": Words("acesso permitido pelo outro meio", "admitted by the other way"),
    "attempt.fallback_refused": Words("outro meio de acesso recusado", "the other way in refused"),
    "attempt.abandoned": Words("tentativa interrompida sem decisão", "attempt ended without a decision"),
    "session.opened": Words("sessão aberta", "session opened"),
    "session.refreshed": Words("sessão renovada", "session refreshed"),
    "session.assurance_changed": Words("nível de garantia da sessão alterado", "assurance of the session changed"),
    "session.revoked": Words("sessão encerrada", "session revoked"),
    "session.expired": Words("sessão vencida", "session expired"),
    "account.opened": Words("conta criada", "account opened"),
    "account.renamed": Words("nome da conta alterado", "account renamed"),
    "account.moved": Words("conta mudou de setor", "account moved to another department"),
    "account.password_set": Words("senha definida", "password set"),
    "account.password_rehashed": Words(
        "resumo da senha refeito com parâmetros novos",
        "password hashed anew with newer parameters",
    ),
    "account.suspended": Words("conta suspensa", "account suspended"),
    "account.reinstated": Words("conta reativada", "account reinstated"),
    "account.closed": Words("conta encerrada", "account closed"),
    "device.paired": Words("dispositivo pareado", "device paired"),
    "device.revoked": Words("dispositivo revogado", "device revoked"),
    "journal.recorded": Words("registro de operação ou de falha encontrada", "operation, or fault found, recorded"),
    "viewing.recorded": Words("dados pessoais consultados", "personal data viewed"),
    "lockout.imposed": Words("bloqueio por tentativas erradas", "lockout after failures"),
    "lockout.extended": Words("bloqueio prolongado", "lockout extended"),
    "lockout.released": Words("bloqueio liberado por alguém", "lockout released by somebody"),
    "lockout.lifted": Words("bloqueio terminado com um acesso correto", "lockout ended by a success"),
    "rotation.planned": Words("troca de modelos biométricos planejada", "rotation of templates planned"),
    "rotation.template_rotated": Words("modelo trocado na campanha", "template rotated in the campaign"),
    "rotation.recapture_required": Words(
        "nova captura necessária na próxima visita",
        "new capture needed at the next visit",
    ),
    "rotation.completed": Words("troca de modelos concluída", "rotation completed"),
    "rotation.cancelled": Words("troca de modelos cancelada", "rotation cancelled"),
    "erasure.requested": Words("eliminação dos dados pedida", "erasure requested"),
    "erasure.executed": Words("dados eliminados", "data erased"),
    "erasure.finalised": Words("eliminação definitiva, também nas cópias", "erasure final, in copies too"),
    "notices.published": Words("aviso de privacidade publicado", "privacy notice published"),
    "notices.replaced": Words("novo aviso de privacidade em vigor", "another privacy notice in force"),
    "request.received": Words("pedido do titular recebido", "request of a data subject received"),
    "request.warned": Words("aviso do prazo de um pedido", "deadline of a request warned of"),
    "request.begun": Words("resposta ao pedido iniciada", "answer to the request begun"),
    "request.answered": Words("pedido respondido", "request answered"),
    "request.refused": Words("pedido negado com fundamento", "request refused with its ground"),
    "incident.opened": Words("incidente aberto no registro", "incident opened in the register"),
    "incident.assessed": Words("incidente avaliado", "incident assessed"),
    "incident.authority_notified": Words("ANPD comunicada do incidente", "ANPD told of the incident"),
    "incident.subjects_notified": Words("titulares comunicados do incidente", "data subjects told of the incident"),
    "incident.supplemented": Words(
        "comunicação do incidente complementada", "communication of the incident supplemented"
    ),
    "incident.closed": Words("incidente encerrado", "incident closed"),
    "retention.planned": Words("eliminação por prazo anunciada", "deletion by period announced"),
    "retention.deleted": Words("linhas eliminadas por fim do prazo", "rows deleted at the end of their period"),
    "retention.completed": Words("eliminação por prazo concluída", "deletion by period completed"),
    "retention.halted": Words("eliminação por prazo suspensa: pede decisão", "deletion by period halted: it asks"),
    "retention.approved": Words("eliminação por prazo autorizada", "deletion by period approved"),
    "retention.cancelled": Words("eliminação por prazo cancelada", "deletion by period cancelled"),
    "retention.hold_placed": Words("dados retidos por dever legal", "data put on hold"),
    "retention.hold_released": Words("retenção por dever legal terminada", "hold released"),
    "erasure.repeated": Words("eliminação repetida após restauração de cópia", "erasure repeated after a restore"),
}
"""By pinned topic without its version."""
UNKNOWN: Final = Words(
    "evento de um tipo que esta versão não conhece, mostrado como está guardado",
    "event of a kind that this version does not know, shown as it is stored",
)
DAMAGED: Final = Words(
    "evento que não pode ser lido: foi alterado, movido ou cifrado com outra chave",
    "event that cannot be read: changed, moved or sealed under another key",
)


@cache
def words_of(name: str, *, known: bool = True) -> Words:
    """Return the words for a pinned topic such as "consent.granted.v1"; ``known``: whether its aggregate is ours."""
    found = EVENTS.get(name.rpartition(".")[0])
    if found is not None:
        return found
    return DAMAGED if name == "damaged" and known else UNKNOWN
