"""Every word of the console's own: Brazilian Portuguese first, English second."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from entrypoints.http.console.house_strings import HOUSE
from entrypoints.http.console.rights_strings import RIGHTS

LANGUAGES: Final = ("pt", "en")

Text = tuple[str, str]

_FRAME: Final[Mapping[str, Text]] = {
    "product": ("faceauth · console", "faceauth · console"),
    "skip": ("Ir para o conteúdo", "Skip to content"),
    "navigation": ("Páginas", "Pages"),
    "language": ("English", "Português"),
    "signed_in_as": ("{role}, {department}", "{role}, {department}"),
    "everywhere": ("todos os setores", "all departments"),
    "sign_out": ("Sair", "Sign out"),
    "local_times": (
        "Horários de Brasília; o valor em UTC está em cada horário.",
        "Times of Brasília; each carries its value in UTC.",
    ),
    "none": ("Nada encontrado.", "Nothing found."),
    "count": ("Quantidade", "Count"),
    "data": ("Os números em tabela", "The numbers as a table"),
    "newer": ("Mais recentes", "Newer"),
    "older": ("Mais antigos", "Older"),
    "paging": ("Outras páginas da lista", "Other pages of the list"),
    "page_number": ("Página {number}", "Page {number}"),
    "filter": ("Filtrar", "Filter"),
    "filters": ("Filtros", "Filters"),
    "all": ("todos", "all"),
    "yes": ("sim", "yes"),
    "no": ("não", "no"),
    "errors_title": ("Corrija antes de continuar", "Correct this to go on"),
    "viewing_recorded": (
        "Esta consulta fica registrada e o titular pode vê-la.",
        "This view is on record, and the person can see it.",
    ),
    "history_of": ("Histórico completo", "Full timeline"),
}

_PAGES: Final[Mapping[str, Text]] = {
    "dashboard": ("Painel", "Dashboard"),
    "people": ("Pessoas", "People"),
    "person": ("Pessoa", "Person"),
    "timeline": ("Linha do tempo", "Timeline"),
    "attempts": ("Tentativas", "Attempts"),
    "attempt": ("Tentativa", "Attempt"),
    "sessions": ("Sessões", "Sessions"),
    "lockouts": ("Bloqueios", "Lockouts"),
    "devices": ("Aparelhos", "Devices"),
    "events": ("Eventos", "Events"),
    "replay": ("Como estava em", "As it was"),
    "sign_in": ("Entrar no console", "Sign in to the console"),
    "error": ("Não foi possível", "That did not work"),
}

_FIELDS: Final[Mapping[str, Text]] = {
    "department": ("Setor", "Department"),
    "since": ("De", "From"),
    "until": ("Até", "To"),
    "state": ("Desfecho", "Outcome"),
    "status": ("Situação", "Status"),
    "reason": ("Motivo", "Reason"),
    "reason_hint": (
        "Um código, por exemplo below_threshold. Outras palavras viram “other”.",
        "A code, such as below_threshold. Other words become “other”.",
    ),
    "subject": ("Titular (id)", "Subject (id)"),
    "device": ("Aparelho (id)", "Device (id)"),
    "who": ("Id do titular ou usuário", "Subject id or username"),
    "search": ("Procurar", "Find"),
    "search_title": ("Procurar uma pessoa", "Find a person"),
    "kind": ("Tipo de evento", "Kind of event"),
    "kind_hint": (
        "Palavras inteiras do nome: consent, consent.granted.",
        "Whole words of its name: consent, consent.granted.",
    ),
    "actor": ("Quem fez", "Actor"),
    "up_to": ("Até a posição", "Up to position"),
    "view": ("Visão", "View"),
    "at": ("Data e hora (Brasília)", "Date and time (Brasília)"),
    "step": ("Momento, do primeiro evento até agora", "Moment, from the first event to now"),
    "show": ("Mostrar", "Show"),
    "credential": ("Código do link, ou token de acesso", "Code of the link, or access token"),
    "credential_hint": (
        (
            "Cole o link que o operador criou com “faceauth console link” (vale uma vez, por 5 minutos), ou um token "
            "de acesso do hospital."
        ),
        (
            "Paste the link that the operator made with “faceauth console link” (good once, for 5 minutes), or an "
            "access token of the hospital."
        ),
    ),
    "enter": ("Entrar", "Sign in"),
    "release": ("Encerrar bloqueio", "End lockout"),
    "released": ("O bloqueio foi encerrado.", "The lockout has ended."),
}

_COLUMNS: Final[Mapping[str, Text]] = {
    "at_time": ("Quando", "When"),
    "started_at": ("Início", "Started"),
    "ended_at": ("Fim", "Ended"),
    "created_at": ("Criado em", "Created"),
    "updated_at": ("Alterado em", "Changed"),
    "opened_at": ("Aberta em", "Opened"),
    "expires_at": ("Termina até", "Ends by"),
    "granted_at": ("Dado em", "Given"),
    "withdrawn_at": ("Encerrado em", "Ended"),
    "paired_at": ("Pareado em", "Paired"),
    "revoked_at": ("Revogado em", "Revoked"),
    "failed_at": ("Última falha", "Last failure"),
    "waits_until": ("Espera até", "Waits until"),
    "requested_at": ("Pedido em", "Requested"),
    "executed_at": ("Apagado em", "Erased"),
    "final_at": ("Definitivo em", "Final"),
    "mode": ("Modo", "Mode"),
    "code": ("Código", "Code"),
    "next_step": ("Dito ao aplicativo", "Told to the app"),
    "frames_received": ("Quadros recebidos", "Frames received"),
    "frames_judged": ("Quadros avaliados", "Frames judged"),
    "frames_usable": ("Quadros úteis", "Frames usable"),
    "claimed": ("Disse quem era", "Claimed a name"),
    "policy": ("Política", "Policy"),
    "gallery_size": ("Pessoas comparadas", "People compared"),
    "margin": ("Distância ao segundo", "Margin to the runner-up"),
    "threshold": ("Limiar", "Threshold"),
    "similarity": ("Semelhança", "Similarity"),
    "pad": ("Pessoa presente (PAD)", "Live person (PAD)"),
    "pad_median": ("PAD, mediana", "PAD, median"),
    "pad_decision": ("PAD, quadro decisivo", "PAD, decision frame"),
    "quality": ("Qualidade", "Quality"),
    "amr": ("Fatores", "Factors"),
    "purpose": ("Finalidade", "Purpose"),
    "channel": ("Canal", "Channel"),
    "notice_version": ("Aviso", "Notice"),
    "method": ("Meio", "Method"),
    "scope": ("Contado por", "Counted by"),
    "failures": ("Falhas", "Failures"),
    "label": ("Nome", "Label"),
    "id": ("Id", "Id"),
    "event": ("Evento", "Event"),
    "facts": ("Dados", "Data"),
    "position": ("Posição", "Position"),
    "display_name": ("Nome", "Name"),
    "username": ("Usuário", "Username"),
    "user_id": ("Matrícula", "Employee number"),
    "score_from": ("De", "From"),
    "score_to": ("Até", "To"),
    "day": ("Dia", "Day"),
    "actions": ("Ações", "Actions"),
}

_SECTIONS: Final[Mapping[str, Text]] = {
    "attempts_by_day": ("Tentativas por dia", "Attempts per day"),
    "attempts_described": ("{total} tentativas em {days} dias. {parts}", "{total} attempts in {days} days. {parts}"),
    "refusals_by_reason": ("Recusas por motivo", "Refusals by reason"),
    "scores_title": ("Notas e limiares", "Scores and thresholds"),
    "scores_described": (
        "{admitted} admitidas, {others} não admitidas; limiares {thresholds}",
        "{admitted} admitted, {others} not admitted; thresholds {thresholds}",
    ),
    "scores_note": (
        "As linhas verticais são os limiares: os que mais tentativas encontraram, e o do modelo de agora para PAD.",
        "The vertical lines are thresholds: those that most attempts met, and that of today's model for PAD.",
    ),
    "outcome_good": ("admitidas", "admitted"),
    "outcome_bad": ("recusadas", "refused"),
    "outcome_other": ("em andamento", "under way"),
    "outcome_quiet": ("abandonadas", "abandoned"),
    "not_admitted": ("não admitidas", "not admitted"),
    "now_title": ("Agora", "Now"),
    "lockouts_stopped": ("parados até um administrador", "stopped until an administrator"),
    "lockouts_waiting": ("em espera", "waiting"),
    "lockouts_over": ("espera terminada", "wait is over"),
    "enrolled_active": ("cadastros ativos", "active enrolments"),
    "enrolled_new": ("novos no período", "new in the period"),
    "coming_sessions": ("sessões abertas", "open sessions"),
    "coming_templates": ("modelos a renovar em 30 dias", "templates to renew within 30 days"),
    "coming_erasures": ("apagamentos ainda não definitivos", "erasures not final yet"),
    "consents_title": ("Consentimentos por situação", "Consents by state"),
    "consents_note": (
        "Um consentimento no papel aparece com o canal “papel”.",
        "A consent on paper has the channel “paper”.",
    ),
    "enrolments_title": ("Cadastros", "Enrolments"),
    "identity_title": ("Identificação", "Identity"),
    "sessions_title": ("Sessões mais recentes", "Newest sessions"),
    "attempts_title": ("Tentativas mais recentes", "Newest attempts"),
    "erasures_title": ("Apagamentos", "Erasures"),
    "facts_title": ("Fatos", "Facts"),
    "events_title": ("Eventos", "Events"),
    "events_note": (
        "Nomes ficam fechados aqui; abrem-se na página da pessoa, e isso fica registrado.",
        "Names stay closed here; they open on the person's page, and that is on record.",
    ),
    "replay_count": ("{count} linhas existiam neste momento", "{count} rows existed at that moment"),
    "replay_note": (
        (
            "As linhas mostradas são refeitas a partir dos seus eventos. A prova sobre todo o histórico: faceauth "
            "audit replay."
        ),
        "The rows shown are made anew from their events. For a proof over all of history: faceauth audit replay.",
    ),
}

_ERRORS: Final[Mapping[str, Text]] = {
    "error_choice": ("Escolha um dos valores da lista.", "Choose one of the list."),
    "error_code": (
        "Use um código: letras minúsculas, números, ponto ou sublinhado.",
        "Use a code: lower-case letters, digits, dot or underscore.",
    ),
    "error_id": ("Um id tem a forma 123e4567-e89b-…", "An id looks like 123e4567-e89b-…"),
    "error_day": ("Use uma data como 2026-11-25.", "Use a date such as 2026-11-25."),
    "error_period": ("O fim vem antes do começo.", "The end is before the beginning."),
    "error_long_period": ("No máximo 92 dias de cada vez.", "At most 92 days at a time."),
    "error_page": ("Essa página não existe.", "There is no such page."),
    "error_moment": ("Use data e hora como 2026-11-25T18:00.", "Use a date and time such as 2026-11-25T18:00."),
    "error_future": ("Esse momento ainda não chegou.", "That moment has not come yet."),
    "error_before_history": ("O histórico começa depois disso.", "History begins later than that."),
    "error_position": ("Uma posição é um número.", "A position is a number."),
    "error_who": ("Escreva um id ou um usuário.", "Write an id or a username."),
    "error_nobody": (
        "Ninguém com esse id ou usuário nos seus setores. Quem saiu só é encontrado pelo id.",
        "Nobody of that id or username in your departments. Former ones are found by id only.",
    ),
    "what_to_do": ("O que fazer", "What to do"),
    "fault_code": ("Código do erro", "Error code"),
    "back_to_dashboard": ("Voltar ao painel", "Back to the dashboard"),
    "fault_invalid_token": (
        "Entre para continuar; um acesso anterior pode ter terminado.",
        "Sign in to go on; an earlier sign-in may have ended.",
    ),
    "fault_credential": (
        "O token não vale: está vencido, é de outro serviço ou não foi copiado inteiro. Peça outro.",
        "The token is not valid: it is over, of another service, or was not copied whole. Ask for another.",
    ),
    "fault_link_refused": (
        "O link está errado, já foi usado ou venceu. Peça outro ao operador: faceauth console link.",
        "The link is wrong, used or over. Ask the operator for another: faceauth console link.",
    ),
    "fault_not_allowed": (
        "O seu papel não dá acesso a esta página. Peça ao operador um acesso com o papel certo.",
        "Your role does not open this page. Ask the operator for a sign-in with the right role.",
    ),
    "fault_department_forbidden": (
        (
            "O seu acesso não alcança o setor, ou a casa inteira, que isto pede. Peça ao operador um acesso que o "
            "alcance: --department."
        ),
        (
            "Your sign-in does not reach the department, or the whole house, that this takes. Ask the operator for one "
            "that does: --department."
        ),
    ),
    "fault_origin_refused": (
        "O formulário não veio desta página ou é de um acesso anterior. Abra a página de novo e repita.",
        "The form did not come from this page, or is of an earlier sign-in. Open the page again and repeat.",
    ),
    "fault_404": (
        "Não existe, ou não é dos seus setores. Confira o endereço ou procure pela lista.",
        "It does not exist, or is not of your departments. Check the address, or find it in the list.",
    ),
    "fault_405": ("Esta página não aceita isso. Abra-a de novo.", "This page does not take that. Open it again."),
    "fault_422": (
        "O pedido não pode ser lido. Volte e corrija.",
        "The request cannot be read. Go back and correct it.",
    ),
    "fault_503": (
        "O serviço não consegue fazer isso agora. Tente de novo em um minuto; se persistir: faceauth doctor.",
        "The service cannot do this now. Try again in a minute; if it stays so: faceauth doctor.",
    ),
    "fault_other": (
        "Algo deu errado e ficou registrado. Tente de novo; se persistir, avise o operador com o código.",
        "Something went wrong and has been logged. Try again; if it stays so, tell the operator the code.",
    ),
}

STRINGS: Final[Mapping[str, Text]] = {
    **_FRAME,
    **_PAGES,
    **_FIELDS,
    **_COLUMNS,
    **_SECTIONS,
    **_ERRORS,
    **HOUSE,
    **RIGHTS,
}


def text(key: str, language: str) -> str:
    """Return a string. Raises ``KeyError`` for one that there is not."""
    return STRINGS[key][LANGUAGES.index(language)]
