"""The words of the pages for the whole house: Brazilian Portuguese first, English second."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from entrypoints.http.console.register_strings import INCIDENTS, RETENTION

Text = tuple[str, str]

_PAGES: Final[Mapping[str, Text]] = {
    "verification": ("Verificação", "Verification"),
    "incidents": ("Incidentes", "Incidents"),
    "incident": ("Incidente", "Incident"),
    "incident_new": ("Registrar um incidente", "Enter an incident"),
    "assess": ("Avaliar", "Assess"),
    "notify-authority": ("Registrar comunicação à ANPD", "Record that ANPD was told"),
    "notify-subjects": ("Registrar comunicação aos titulares", "Record that the people were told"),
    "supplement": ("Registrar complemento à ANPD", "Record a supplement to ANPD"),
    "close": ("Encerrar o incidente", "Close the incident"),
    "affected": ("Titulares afetados", "People affected"),
    "documents": ("Documentos", "Documents"),
    "retention": ("Retenção", "Retention"),
    "holds": ("Suspensões de exclusão", "Holds"),
    "exports": ("Exportações", "Exports"),
}

_SHARED: Final[Mapping[str, Text]] = {
    "whole": ("O formulário", "The form"),
    "choose": ("escolha", "choose"),
    "record": ("Registrar", "Record"),
    "recorded": ("Registrado.", "Recorded."),
    "back": ("Voltar", "Back"),
    "optional_now": ("Vazio: agora.", "Empty: now."),
    "format": ("Formato", "Format"),
    "action": ("Ação", "Action"),
    "value": ("Qual", "Which"),
    "words_hint": (
        "Fica cifrado. Sem nomes de pessoas, sempre que possível.",
        "It is sealed. Without names of people wherever possible.",
    ),
    "details": ("Detalhes técnicos", "Technical details"),
}

_VERIFICATION: Final[Mapping[str, Text]] = {
    "finding_title": ("Situação", "How it stands"),
    "finding_empty": ("Nada foi gravado ainda.", "Nothing is logged yet."),
    "finding_sound": (
        "O histórico é o que foi escrito, até onde a última verificação olhou.",
        "The history is what was written, as far as the last verification looked.",
    ),
    "finding_never": ("Nunca foi verificado. Verifique agora.", "It was never verified. Verify it now."),
    "finding_stale": (
        "A última verificação tem mais de 7 dias. Verifique agora.",
        "The last verification is more than 7 days old. Verify it now.",
    ),
    "finding_tampered": (
        (
            "A última verificação encontrou adulteração. Não apague nada, avise o operador, e compare com os pontos de "
            "controle guardados fora: faceauth audit verify --against."
        ),
        (
            "The last verification found tampering. Delete nothing, tell the operator, and compare with checkpoints "
            "that were kept elsewhere: faceauth audit verify --against."
        ),
    ),
    "finding_log_changed": (
        "O registro foi alterado por outra mão. Verifique agora e avise o operador.",
        "The log was changed by somebody else. Verify now, and tell the operator.",
    ),
    "finding_anchors": (
        "Uma âncora recusa os pontos de controle. Veja abaixo, e faceauth audit log status.",
        "An anchor refuses the checkpoints. See below, and faceauth audit log status.",
    ),
    "log_size": ("Eventos no registro", "Events in the log"),
    "log_until": ("Última posição", "Last position"),
    "log_begun": ("Registro iniciado", "Log begun"),
    "verdict": ("Última verificação", "Last verification"),
    "verified_at": ("Feita em", "Made at"),
    "verified_mode": ("O que olhou", "What it looked at"),
    "verified_events": ("Eventos conferidos", "Events verified"),
    "verified_seconds": ("Duração", "Took"),
    "seconds": ("{seconds} s", "{seconds} s"),
    "never": ("nunca", "never"),
    "root": ("Raiz", "Root"),
    "key_id": ("Impressão digital da chave que assina", "Thumbprint of the signing key"),
    "key_hint": (
        (
            "Compare com a que foi entregue por outro caminho (faceauth audit key): só então uma assinatura prova "
            "alguma coisa."
        ),
        "Compare it with the one handed over by other means (faceauth audit key): only then does a signature prove.",
    ),
    "run": ("Verificação", "Verification"),
    "run_title": ("Verificar agora", "Verify now"),
    "run_note": (
        (
            "Confere o que chegou desde a última verificação íntegra, por até 20 segundos, e fica registrado. Tudo, "
            "sem limite: faceauth audit verify."
        ),
        (
            "Checks what came since the last sound verification, for up to 20 seconds, and is recorded. All of it, "
            "without limit: faceauth audit verify."
        ),
    ),
    "run_log": ("Verificar o que é novo", "Verify what is new"),
    "run_views": ("Conferir as tabelas de leitura", "Compare the views"),
    "verified": ("A verificação foi feita e registrada.", "The verification was made, and is on record."),
    "views_sound": (
        "As tabelas de leitura são as que o histórico dá, linha por linha.",
        "The views are what the history makes of them, row for row.",
    ),
    "views_edited": (
        "{count} linhas não são as que o histórico dá. Refazer: faceauth projections rebuild.",
        "{count} rows are not what the history makes of them. Make them anew: faceauth projections rebuild.",
    ),
    "view_name": ("Visão", "View"),
    "table_name": ("Tabela", "Table"),
    "row_key": ("Linha", "Row"),
    "deviation": ("Desvio", "Deviation"),
    "columns": ("Colunas", "Columns"),
    "faults_title": ("Falhas encontradas", "Faults found"),
    "faults_count": ("{count} ao todo; mostradas: {shown}", "{count} in all; shown: {shown}"),
    "fault_kind": ("O quê", "What"),
    "fault_place": ("Onde", "Where"),
    "place_position": ("evento {position}", "event {position}"),
    "place_stream": ("objeto {stream}, versão {version}", "object {stream}, version {version}"),
    "place_leaves": ("folhas {first} a {last} do registro", "leaves {first} to {last} of the log"),
    "place_checkpoint": ("ponto de controle {number}", "checkpoint {number}"),
    "checkpoints_title": ("Pontos de controle assinados", "Signed checkpoints"),
    "checkpoints_all": ("Baixar todos ({count}), para guardar fora", "Download all ({count}), to keep elsewhere"),
    "checkpoint_number": ("Número", "Number"),
    "checkpoint_size": ("Eventos", "Events"),
    "checkpoint_damaged": ("alterado: não confere", "changed: does not fit"),
    "download": ("Baixar", "Download"),
    "download_one": ("Baixar o ponto {number}", "Download checkpoint {number}"),
    "anchors_title": ("Âncoras", "Anchors"),
    "anchors_none": (
        (
            "Nenhuma. Carimbos do tempo (RFC 3161) ou uma testemunha provam o histórico a quem não confia nesta casa: "
            "veja FACEAUTH_TIMESTAMP_URL e FACEAUTH_WITNESS_URL."
        ),
        (
            "None. Time stamps (RFC 3161) or a witness prove the history to who does not trust this house: see "
            "FACEAUTH_TIMESTAMP_URL and FACEAUTH_WITNESS_URL."
        ),
    ),
    "anchor": ("Âncora", "Anchor"),
    "anchor_taken": ("Aceitos", "Taken"),
    "anchor_waiting": ("À espera", "Waiting"),
    "anchor_ok": ("em dia", "up to date"),
    "anchor_failing": ("recusa ({error}), {attempts} tentativas", "refuses ({error}), {attempts} attempts"),
    "proof_title": ("Provar um evento", "Prove an event"),
    "proof_hint": (
        "A posição está em cada lista de eventos. O arquivo se confere com faceauth-verify, sem este serviço.",
        "Every list of events shows positions. The file is checked with faceauth-verify, without this service.",
    ),
    "proof_look": ("Procurar a prova", "Find the proof"),
    "proof_download": ("Baixar a prova do evento {position}", "Download the proof of event {position}"),
}

_EXPORTS: Final[Mapping[str, Text]] = {
    "export_title": ("Exportar o histórico", "Export the history"),
    "export_note": (
        (
            "Até 100.000 eventos e 30 segundos por arquivo; mais: faceauth audit export. Nomes ficam fechados. Cada "
            "exportação fica registrada."
        ),
        (
            "Up to 100,000 events and 30 seconds a file; more: faceauth audit export. Names stay closed. Each export "
            "is put on record."
        ),
    ),
    "export_ask": ("Preparar", "Prepare"),
    "event_hint": (
        "Um evento ou o começo do nome, até um ponto: attempt, attempt.refused.",
        "An event or the beginning of its name, up to a dot: attempt, attempt.refused.",
    ),
    "bom": ("Marca para o Excel (BOM), só CSV", "Mark for Excel (BOM), CSV only"),
    "ready_title": ("Pronto para baixar", "Ready to download"),
    "ready_events": ("Eventos", "Events"),
    "ready_bytes": ("Tamanho", "Size"),
    "ready_sha256": ("SHA-256", "SHA-256"),
    "bytes": ("{bytes} bytes", "{bytes} bytes"),
    "export_file": ("Baixar o arquivo", "Download the file"),
    "export_manifest": ("Baixar o manifesto assinado", "Download the signed manifest"),
    "exports_made": ("Exportações feitas", "Exports made"),
    "filters_used": ("Filtros", "Filters"),
    "export_id": ("Exportação", "Export"),
    "names_given": ("Com nomes", "With names"),
}

_DOCUMENTS: Final[Mapping[str, Text]] = {
    "documents_title": ("Documentos de agora", "Documents of now"),
    "documents_note": (
        "Feitos na hora, da configuração, dos prazos e das medidas reais. Um PDF leva alguns segundos.",
        "Made on the spot from real settings, periods and measurements. A PDF takes some seconds.",
    ),
    "document": ("Documento", "Document"),
    "encarregado_document": ("Ficha do encarregado (art. 41)", "The encarregado (art. 41)"),
    "monthly_title": ("Relatório do mês", "Report of the month"),
    "month": ("Mês", "Month"),
    "month_hint": ("Como 2026-11.", "Such as 2026-11."),
    "of_document": ("{document}: {form}", "{document}: {form}"),
}

_CARDS: Final[Mapping[str, Text]] = {
    "house_title": ("A casa inteira", "The whole house"),
    "incidents_running": ("incidentes com prazo correndo", "incidents with a running deadline"),
    "incidents_overdue": ("prazos vencidos", "deadlines overdue"),
    "retention_waiting": ("varreduras à espera", "sweeps waiting"),
    "retention_halted": ("varreduras paradas", "sweeps halted"),
}

_ERRORS: Final[Mapping[str, Text]] = {
    "error_missing": ("Preencha.", "Fill this in."),
    "error_words": ("De 1 a 5.000 caracteres, só texto.", "From 1 to 5,000 characters, text only."),
    "error_count": ("Um número inteiro, a partir de 0.", "A whole number, from 0."),
    "error_more_than_all": ("Não podem ser mais do que todos.", "They cannot be more than all."),
    "error_before_known": (
        "Antes disso ainda não se sabia, ou já houve outra comunicação.",
        "Before that it was not known yet, or another notice came later.",
    ),
    "error_value": (
        "Não existe, ou não é o que essa escolha pede. Confira.",
        "There is no such thing, or that choice takes another kind. Check it.",
    ),
    "error_no_value": ("Para tudo, deixe vazio.", "For everything, leave it empty."),
    "error_reference": (
        "Um protocolo tem letras, números e . / _ -, até 60.",
        "A protocol number has letters, digits and . / _ -, up to 60.",
    ),
    "error_was_told": ("Eles foram avisados: não há motivo a dar.", "They were told: there is no reason to give."),
    "error_not_assessed": ("Avalie antes: então se sabe quem foi atingido.", "Assess it first: then it is known who."),
    "error_other_list": (
        "O histórico dá outra lista do que na avaliação. Avalie de novo.",
        "History gives another list than at the assessment. Assess it again.",
    ),
    "error_month": ("Um mês que já começou, como 2026-11.", "A month that has begun, such as 2026-11."),
    "error_bom": ("Só para CSV.", "For CSV only."),
    "error_too_large": (
        "É mais do que cabe em um arquivo. Escolha um período menor ou um tipo de evento.",
        "That is more than a file holds. Choose a shorter period or one kind of event.",
    ),
    "error_running": (
        "Já há uma em curso. Tente de novo em um minuto.",
        "One is under way already. Try again in a minute.",
    ),
    "error_too_long": (
        "Levaria mais de 20 segundos e parou sem resultado. No servidor: faceauth audit verify.",
        "It would take more than 20 seconds, and stopped without a result. On the server: faceauth audit verify.",
    ),
    "error_no_event": ("Não há evento nessa posição.", "There is no event at that position."),
    "error_not_covered": (
        "Nenhum ponto de controle cobre esse evento ainda. Espere pelo próximo, ou: faceauth audit checkpoint.",
        "No checkpoint covers that event yet. Wait for the next one, or: faceauth audit checkpoint.",
    ),
    "error_not_logged": (
        "Esse evento não é o que foi gravado. Verifique agora.",
        "That event is not the one that was logged. Verify now.",
    ),
    "error_no_sweep": ("Essa varredura não existe.", "There is no such sweep."),
    "fault_incident_state": (
        "Na situação em que está, o incidente não aceita isso. Abra-o de novo e veja o que falta.",
        "As the incident stands, it does not take that. Open it again, and see what is missing.",
    ),
    "fault_sweep_state": (
        "A varredura já terminou, ou foi planejada com o relógio errado: então cancele-a.",
        "The sweep has ended, or was planned by a wrong clock: then cancel it.",
    ),
    "fault_hold_state": ("A suspensão já foi encerrada.", "The hold has ended already."),
    "fault_in_progress": (
        "Já há uma em curso. Tente de novo em um minuto.",
        "One is under way. Try again in a minute.",
    ),
    "fault_conflict": (
        "Alguém mudou isso neste momento. Abra de novo e repita.",
        "Somebody changed this at this moment. Open it again, and repeat.",
    ),
    "fault_log_broken": (
        "O registro não confere. Verifique agora e avise o operador: faceauth audit verify.",
        "The log does not fit. Verify now, and tell the operator: faceauth audit verify.",
    ),
}

HOUSE: Final[Mapping[str, Text]] = {
    **_PAGES,
    **_SHARED,
    **_VERIFICATION,
    **INCIDENTS,
    **RETENTION,
    **_EXPORTS,
    **_DOCUMENTS,
    **_CARDS,
    **_ERRORS,
}
