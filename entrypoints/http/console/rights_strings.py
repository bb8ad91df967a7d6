"""The console's words about requests, consents, notices and the history: Brazilian Portuguese, English."""

from __future__ import annotations

from typing import Final

_PAGES: Final = {
    "requests": ("Pedidos", "Requests"),
    "request": ("Pedido", "Request"),
    "new_request": ("Registrar pedido", "Take in a request"),
    "review": ("Revisão de recusa automatizada", "Review of an automated refusal"),
    "consents": ("Consentimentos", "Consents"),
    "invite": ("Código de consentimento", "Consent code"),
    "notices": ("Avisos", "Notices"),
    "notice": ("Aviso de privacidade", "Privacy notice"),
    "statement": ("Declaração completa", "Full statement"),
    "viewings": ("Quem viu estes dados", "Who looked at these data"),
    "receipt": ("Recibo dos consentimentos", "Receipt of the consents"),
}

_HISTORY: Final = {
    "about": ("Sobre", "About"),
    "why_title": ("Por que terminou assim", "Why it ended so"),
    "client_told": ("Dito ao aplicativo", "Told to the app"),
    "person_told": ("Dito ao titular", "Told to the person"),
    "afterwards": ("Depois", "Afterwards"),
    "passed": ("passou", "passed"),
    "failed": ("não passou", "failed"),
    "neither": ("informação", "information"),
    "viewed": ("O que foi visto", "What was seen"),
    "role": ("Quem", "Who"),
}

_REQUESTS: Final = {
    "request_state": ("Situação", "State"),
    "request_kind": ("Tipo de pedido", "Kind of request"),
    "pending": ("não encerrados", "not closed"),
    "request_due": ("Prazo", "Due"),
    "days_left": ("Dias", "Days"),
    "received_at": ("Recebido em", "Received"),
    "received_by": ("Por onde", "Received by"),
    "request_closed": ("Encerrado em", "Closed"),
    "result": ("Resultado", "Result"),
    "warned": ("Avisos de prazo", "Warnings"),
    "measures": ("Medidas", "Measures"),
    "certificate": ("Certificado de eliminação", "Erasure certificate"),
    "requests_truncated": ("Só os 1.000 primeiros; use os filtros.", "The first 1,000 only; use the filters."),
    "new_request_note": (
        "O prazo é de 15 dias corridos a partir do recebimento (LGPD art. 19, II).",
        "It is due 15 calendar days after it was received (LGPD art. 19, II).",
    ),
    "identity_check": ("Identidade conferida por", "Identity checked by"),
    "received": ("Recebido em (Brasília)", "Received (Brasília)"),
    "received_hint": ("Vazio: agora. Até 60 dias atrás.", "Empty: now. Up to 60 days ago."),
    "attempt_hint": ("Só para revisão: a tentativa recusada.", "For a review only: the refused attempt."),
    "request_text": ("Palavras do titular", "The person's own words"),
    "sealed_hint": (
        "Guardado selado; apaga-se com o titular. Nada de dados de outras pessoas.",
        "Kept sealed; it goes when the person is erased. Nothing about other people.",
    ),
    "correction_title": ("O que está certo", "What is right"),
    "correction_hint": ("Só para correção; vazio não muda.", "For a correction only; empty changes nothing."),
    "right_username": ("Usuário certo", "The right username"),
    "right_user_id": ("Matrícula certa", "The right employee number"),
    "right_display_name": ("Nome certo", "The right name"),
    "right_department": ("Setor certo", "The right department"),
    "unchanged": ("sem mudança", "unchanged"),
    "choose_one": ("escolha", "choose"),
    "take_in": ("Registrar", "Take in"),
    "done_opened": ("O pedido foi registrado.", "The request was taken in."),
    "done_refused": ("O pedido foi recusado.", "The request was refused."),
    "done_decided": ("A decisão foi registrada.", "The decision was recorded."),
    "done_answered": ("O pedido foi respondido.", "The request was answered."),
    "handed_title": ("Para entregar ao titular", "To hand over to the person"),
    "handed_note": (
        "Salve agora: este documento assinado não fica guardado, só o seu SHA-256.",
        "Save it now: this signed document is not kept, only its SHA-256.",
    ),
    "save_file": ("Salvar {name}", "Save {name}"),
    "answer_title": ("Responder", "Answer"),
    "answer_button": ("Fazer e responder", "Do it and answer"),
    "answer_text": ("Resposta ao titular", "Answer to the person"),
    "answer_confirmation": ("Entrega a confirmação assinada.", "Hands over the signed confirmation."),
    "answer_access": ("Entrega o acesso simplificado, assinado.", "Hands over the simplified access, signed."),
    "answer_statement": (
        "Entrega a declaração completa, assinada, em JSON e PDF.",
        "Hands over the full statement, signed, as JSON and PDF.",
    ),
    "answer_portability": (
        "Entrega os dados portáveis, assinados, em JSON.",
        "Hands over the portable data, signed, as JSON.",
    ),
    "answer_sharing": ("Entrega com quem os dados são compartilhados.", "Hands over whom the data are shared with."),
    "answer_correction": (
        "Corrige a conta e o cadastro; campos vazios ficam com o que o titular pediu.",
        "Corrects account and enrolment; with empty fields, as the person asked.",
    ),
    "answer_objection": (
        "Encerra consentimentos, cadastro e sessões como oposição.",
        "Ends consents, enrolment and sessions as an objection.",
    ),
    "answer_deletion": (
        "Apaga o titular em definitivo e entrega o certificado.",
        "Erases the person for good and hands over the certificate.",
    ),
    "confirm": ("Sei que isto não pode ser desfeito", "I know that this cannot be undone"),
    "refuse_title": ("Recusar", "Refuse"),
    "refuse_button": ("Recusar o pedido", "Refuse the request"),
    "refusal": ("Motivo da recusa", "Reason of the refusal"),
    "refusal_text": ("Explicação ao titular", "Explanation for the person"),
    "legal_basis": ("Base legal", "Legal basis"),
    "basis_of_reason": ("a que pertence ao motivo", "the one of the reason"),
    "review_link": ("Ver tudo em que a recusa se baseou, e decidir", "See all that the refusal rests on, and decide"),
    "due_title": ("Pedidos por prazo", "Requests by deadline"),
    "due_overdue": ("vencidos", "overdue"),
    "due_two_days": ("até 2 dias", "within 2 days"),
    "due_five_days": ("até 5 dias", "within 5 days"),
    "due_later": ("mais de 5 dias", "more than 5 days"),
}

_REVIEW: Final = {
    "then_do": ("Próximo passo", "Next step"),
    "frames_dropped": ("Quadros perdidos", "Frames dropped"),
    "pad_lowest": ("PAD, menor", "PAD, lowest"),
    "quality_decision": ("Qualidade, quadro decisivo", "Quality, decision frame"),
    "depth_frames": ("Quadros com profundidade", "Frames with depth"),
    "parallax": ("Paralaxe", "Parallax"),
    "challenge": ("Movimentos pedidos", "Movements asked for"),
    "linked": ("Ligada ao titular", "Linked to the person"),
    "reason_in_words": ("Motivo em palavras", "Reason in words"),
    "seen_title": ("O que a câmera mostrou", "What the camera showed"),
    "matched_title": ("Comparação", "Comparison"),
    "pad_now": ("Limiar de PAD em vigor agora: {value}", "PAD threshold in force now: {value}"),
    "consents_then": ("Consentimentos naquele momento", "Consents at that moment"),
    "threshold_own": ("Limiar próprio", "Threshold of its own"),
    "model": ("Modelo", "Model"),
    "decide_title": ("Decisão", "Decision"),
    "decision": ("Decisão e motivo", "Decision and reason"),
    "upheld": ("mantida", "upheld"),
    "overturned": ("revertida", "overturned"),
    "measures_hint": (
        "Pelo menos uma para uma recusa revertida; nenhuma para uma mantida.",
        "At least one for a refusal that is overturned; none for one that is upheld.",
    ),
    "review_text_hint": (
        "Vazio: o titular recebe decisão, motivo e medidas em palavras simples, sem números.",
        "Empty: the person gets decision, reason and measures in plain words, without numbers.",
    ),
    "decide_button": ("Registrar a decisão", "Record the decision"),
}

_CONSENTS: Final = {
    "expiring_before": ("Vence até", "Ends by"),
    "serves_until": ("Vale até", "Serves until"),
    "attested_by": ("Formulário atestado por", "Form attested by"),
    "coming_consents": ("vencem em 30 dias", "end within 30 days"),
    "invite_known": ("Para quem já tem conta ou cadastro", "For somebody with an account or enrolment"),
    "invite_new": ("Para alguém novo", "For somebody new"),
    "invite_new_hint": (
        "Uma conta é aberta, para que o consentimento venha antes do cadastro.",
        "An account is opened, so that consent comes before enrolment.",
    ),
    "person_is": ("Pessoa", "Person"),
    "make_code": ("Criar código", "Make a code"),
    "code_title": ("Código de uso único, mostrado só agora", "One-time code, shown now only"),
    "code_note": (
        "Entregue somente à própria pessoa. Vale uma vez, por {hours} horas, na página",
        "Hand it to nobody but the person. Good once, for {hours} hours, on the page",
    ),
    "version": ("Versão", "Version"),
    "in_force": ("em vigor", "in force"),
    "not_in_force": ("não em vigor", "not in force"),
    "published_at": ("Publicado em", "Published"),
    "built_in": ("de fábrica", "built in"),
    "material": ("Mudança material", "Material change"),
    "material_days": ("sim, {days} dias de carência", "yes, {days} days of grace"),
    "consent_days": ("Validade do consentimento (dias)", "Consent serves (days)"),
    "retention_days": ("Guarda após o último uso (dias)", "Kept after the last use (days)"),
    "earlier_until": ("Consentimentos anteriores valem até", "Earlier consents serve until"),
    "balancing_test": ("Teste de balanceamento de", "Balancing test of"),
    "notices_note": (
        "Novas versões: faceauth notice publish. Uma versão nunca é usada duas vezes.",
        "New versions: faceauth notice publish. A version is never used twice.",
    ),
    "notice_text_pt": ("Texto em português", "Text in Portuguese"),
    "notice_text_en": ("Texto em inglês", "Text in English"),
}

_ERRORS: Final = {
    "error_text_too_long": ("Texto longo demais.", "Too long a text."),
    "error_needed": ("Preencha este campo.", "Fill this in."),
    "error_form": (
        "Isto não pode ser aceito assim: confira os campos.",
        "This cannot be taken like that: check the fields.",
    ),
    "error_confirm": ("Confirme que isto não pode ser desfeito.", "Confirm that this cannot be undone."),
    "error_attempt_of_review": (
        "Uma revisão diz qual tentativa; os outros pedidos, nenhuma.",
        "A review names its attempt; other requests none.",
    ),
    "error_no_attempt": (
        "Não há tentativa recusada com esse número que possa ser deste titular.",
        "There is no refused attempt of that id that can be this person's.",
    ),
    "error_only_corrections": ("Só uma correção diz o que está certo.", "Only a correction says what is right."),
    "error_received": ("Entre 60 dias atrás e agora.", "Between 60 days ago and now."),
    "error_measures": (
        "Uma recusa revertida pede ao menos uma medida; uma mantida, nenhuma.",
        "What is overturned takes a measure at least; what is upheld none.",
    ),
    "fault_409": (
        "Já foi decidido, ou mudou agora mesmo. Abra a página de novo.",
        "It is decided already, or changed just now. Open the page again.",
    ),
}

RIGHTS: Final = {**_PAGES, **_HISTORY, **_REQUESTS, **_REVIEW, **_CONSENTS, **_ERRORS}
"""Words by key, as in ``strings.STRINGS``."""

RIGHTS_CODES: Final = {
    # how a request came, and how it was checked who asks
    "desk": ("no balcão", "at the desk"),
    "person": ("pelo titular", "by the person"),
    "session": ("sessão própria", "their own session"),
    "badge": ("crachá", "badge"),
    "document": ("documento", "document"),
    "known_in_person": ("pessoa conhecida", "known in person"),
    "representative": ("representante", "representative"),
    "five_days": ("faltavam 5 dias", "5 days were left"),
    "two_days": ("faltavam 2 dias", "2 days were left"),
    "overdue": ("vencido", "overdue"),
}
"""Codes in words, as in ``codes.CODES``."""

LOOKED_AT: Final = {
    "person": ("página da pessoa", "the person's page"),
    "timeline": ("linha do tempo", "timeline"),
    "attempt": ("tentativa", "attempt"),
    "attempts": ("tentativas", "attempts"),
    "sessions": ("sessões", "sessions"),
    "events": ("eventos", "events"),
    "request": ("pedido", "request"),
    "review": ("revisão de recusa", "review of a refusal"),
    "viewings": ("quem viu", "who looked"),
    "consents": ("consentimentos", "consents"),
    "consent_receipt": ("recibo de consentimento", "consent receipt"),
    "statement": ("declaração completa", "full statement"),
    "export": ("exportação", "export"),
}
"""What a viewing was of."""
