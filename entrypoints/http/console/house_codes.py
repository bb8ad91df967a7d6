"""Codes of the pages for the whole house in words: faults, incidents, retention, exports, documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from application.affected import SELECTORS
from application.incident_drafts import CATEGORY_NAMES, CAUSE_NAMES, KIND_NAMES, RISK_NAMES

Text = tuple[str, str]

_LOG: Final[Mapping[str, Text]] = {
    "sound": ("íntegra", "sound"),
    "tampered": ("ADULTERADA", "TAMPERED WITH"),
    "full": ("tudo", "all of it"),
    "incremental": ("só o que é novo", "what was new"),
    "event_changed": ("evento alterado depois de gravado", "event changed after it was written"),
    "event_removed": ("evento removido", "event removed"),
    "event_inserted": ("evento que o serviço não gravou", "event that the service did not write"),
    "event_reordered": ("evento fora do seu lugar", "event not in its place"),
    "tail_cut": ("fim do histórico cortado", "end of the history cut off"),
    "row_does_not_open": ("linha com selo que não confere", "row whose seal does not fit"),
    "stream_gap": ("lacuna na sequência de um objeto", "gap in the events of one object"),
    "log_changed": ("o registro de Merkle foi alterado", "the Merkle log was changed"),
    "log_rebuilt": ("o registro de Merkle foi refeito", "the Merkle log was made anew"),
    "checkpoint_mismatch": ("ponto de controle que não confere", "checkpoint that does not fit the log"),
    "checkpoint_removed": ("ponto de controle removido", "checkpoint removed"),
    "view_edited": ("tabela de leitura editada à mão", "view edited by hand"),
    "missing": ("falta na tabela", "missing from the table"),
    "extra": ("sobra na tabela", "should not be in the table"),
    "different": ("diferente do histórico", "differs from the history"),
}

_INCIDENTS: Final[Mapping[str, Text]] = {
    "assessed": ("avaliado", "assessed"),
    "clock_authority": ("ANPD, 3 dias úteis", "ANPD, 3 business days"),
    "clock_subjects": ("titulares, 3 dias úteis", "people, 3 business days"),
    "clock_supplement": ("complemento, 20 dias úteis", "supplement, 20 business days"),
    "no_personal_data": ("sem dados pessoais", "no personal data in it"),
    "no_relevant_risk": ("sem risco relevante", "no relevant risk"),
    "data_unreadable": ("dados ilegíveis para quem os obteve", "data unreadable to whoever got it"),
    "false_alarm": ("alarme falso", "false alarm"),
    "individual": ("individualmente, em pessoa", "individually, in person"),
    "email": ("e-mail", "e-mail"),
    "letter": ("carta", "letter"),
    "telephone": ("telefone", "telephone"),
    "app": ("pelo aplicativo", "by the app"),
    "public_notice": ("aviso público", "public notice"),
    "anpd": ("ANPD", "ANPD"),
    "subjects": ("titulares", "people"),
}

_RETENTION: Final[Mapping[str, Text]] = {
    "planned": ("anunciada", "announced"),
    "halted": ("PARADA, espera por alguém", "HALTED, waits for somebody"),
    "running": ("em curso", "under way"),
    "completed": ("concluída", "completed"),
    "cancelled": ("cancelada", "cancelled"),
    "clock_jumped": (
        "o relógio saltou, ou o serviço ficou parado",
        "the clock jumped, or the service was off",
    ),
    "too_many": ("apagaria demais de uma vez", "would delete too much at once"),
    "policy_changed": ("o prazo mudou", "the period was changed"),
    "clock_corrected": ("o relógio foi acertado", "the clock was put right"),
    "wrong_clock": ("relógio errado", "the clock is wrong"),
    "wrong_policy": ("prazo errado", "the period is wrong"),
    "under_review": ("em análise", "under review"),
    "sweep": ("varredura diária", "daily sweep"),
    "task": ("outra tarefa do serviço", "another task of the service"),
    "kept": ("não se apaga", "not deleted"),
    "all": ("tudo", "everything"),
    "placed": ("em vigor", "in force"),
    "released": ("encerrada", "ended"),
    "incident": ("incidente", "incident"),
    "request": ("pedido de titular", "request of a person"),
    "court_order": ("ordem judicial", "court order"),
    "audit": ("auditoria", "audit"),
    "investigation": ("apuração interna", "internal investigation"),
    "mistake": ("engano", "mistake"),
}

_FORMATS: Final[Mapping[str, Text]] = {
    "jsonl": ("JSON Lines, um evento por linha", "JSON Lines, an event per line"),
    "csv": ("CSV, para planilhas", "CSV, for spreadsheets"),
    "fhir": ("FHIR R4 AuditEvent", "FHIR R4 AuditEvent"),
    "cef": ("CEF, para SIEM", "CEF, for a SIEM"),
    "html": ("HTML", "HTML"),
    "pdf": ("PDF", "PDF"),
    "json": ("JSON", "JSON"),
    "md": ("Markdown", "Markdown"),
    "since": ("desde", "since"),
    "until": ("até", "until"),
    "event": ("evento", "event"),
    "actor": ("quem fez", "actor"),
    "subject_id": ("titular", "person"),
    "ropa": ("Registro das operações de tratamento (art. 37)", "Record of processing (art. 37)"),
    "ripd": ("Relatório de impacto, RIPD (art. 38)", "Impact report, RIPD (art. 38)"),
    "monthly": ("Relatório do mês", "Report of the month"),
}

HOUSE_CODES: Final[Mapping[str, Text]] = {
    **_LOG,
    **_INCIDENTS,
    **_RETENTION,
    **_FORMATS,
    **{f"nature_{kind}": words for kind, words in KIND_NAMES.items()},
    **{f"cause_{cause}": words for cause, words in CAUSE_NAMES.items()},
    **{f"category_{category}": words for category, words in CATEGORY_NAMES.items()},
    **{f"risk_{risk}": words for risk, words in RISK_NAMES.items()},
    **{f"selector_{selector}": words for selector, words in SELECTORS.items()},
}
