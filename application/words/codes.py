"""What each code that a client may hear means to the officer."""

from __future__ import annotations

from typing import Final

from application.words import Words

CODES: Final = {
    "ok": Words("acesso permitido", "admitted"),
    "password_required": Words(
        "rosto aceito; a senha ainda é necessária",
        "face accepted; the password is still needed",
    ),
    "face_not_recognised": Words(
        "o rosto não foi reconhecido neste setor",
        "the face was not recognised in this department",
    ),
    "presentation_attack": Words(
        "as imagens não mostram uma pessoa viva diante da câmera",
        "the pictures do not show a live person in front of the camera",
    ),
    "liveness_failed": Words(
        "não foi possível comprovar uma pessoa viva e contínua nas imagens",
        "it could not be shown that one live person was there throughout",
    ),
    "challenge_failed": Words(
        "o movimento pedido não foi feito como pedido",
        "the movement asked for was not made as asked",
    ),
    "quality_too_low": Words("imagens sem qualidade suficiente para decidir", "pictures not good enough to decide on"),
    "timeout": Words(
        "o tempo acabou antes de haver imagens suficientes",
        "time ran out before there were enough pictures",
    ),
    "device_required": Words("este setor exige um dispositivo pareado", "this department demands a paired device"),
    "device_rejected": Words(
        "o dispositivo não comprovou ser o pareado",
        "the device did not prove to be the paired one",
    ),
    "locked_out": Words("bloqueado por tentativas erradas; é preciso esperar", "locked out after failures; wait"),
    "rate_limited": Words(
        "tentativas demais em pouco tempo deste lugar",
        "too many attempts from this place in a short time",
    ),
    "unavailable": Words(
        "o serviço não pôde decidir; por segurança, recusou",
        "the service could not decide; it refused, to be safe",
    ),
    "wrong_password": Words("usuário ou senha incorretos", "username or password wrong"),
    "password_change_required": Words(
        "a senha provisória precisa ser trocada antes",
        "the temporary password has to be changed first",
    ),
    "face_required": Words("este setor não aceita só a senha", "this department does not take a password alone"),
    "invalid_ticket": Words(
        "o comprovante do primeiro fator não vale ou venceu",
        "the ticket of the first factor is not valid or has expired",
    ),
    "consent_missing": Words("não há consentimento em vigor", "no consent in force"),
    "consent_already_given": Words("o consentimento já está em vigor", "the consent is in force already"),
    "notice_outdated": Words(
        "o aviso de privacidade mudou: leia o atual",
        "the privacy notice has changed: read the current one",
    ),
    "enrollment_inactive": Words("o cadastro biométrico não está ativo", "the biometric enrolment is not active"),
    "enrollment_state": Words(
        "o cadastro não está em estado que permita isso",
        "the enrolment is not in a state that allows this",
    ),
    "account_inactive": Words("a conta não está ativa", "the account is not active"),
    "account_state": Words(
        "a conta não está em estado que permita isso",
        "the account is not in a state that allows this",
    ),
    "template_replaced": Words(
        "o modelo biométrico foi trocado durante a decisão",
        "the template was replaced during the decision",
    ),
    "erased": Words("os dados da pessoa foram eliminados", "the person's data have been erased"),
    "seal_broken": Words(
        "um dado cifrado foi alterado ou movido: não é usado",
        "a sealed value was changed or moved: it is not used",
    ),
    "not_found": Words("não existe, ou não pode ser visto daqui", "there is none, or none that may be seen from here"),
    "not_allowed": Words("sem permissão", "not allowed"),
    "department_forbidden": Words(
        "a credencial não alcança esse setor",
        "the credential does not reach that department",
    ),
    "department_unknown": Words("setor desconhecido", "unknown department"),
    "invalid_token": Words("credencial inválida ou vencida", "credential invalid or expired"),
    "invalid_grant": Words("autorização inválida ou vencida", "grant invalid or expired"),
    "invalid_client": Words("aplicativo cliente desconhecido", "client unknown"),
    "invalid_target": Words("destino do token desconhecido", "token audience unknown"),
    "invalid_dpop_proof": Words("prova de posse da chave inválida", "proof of possession invalid"),
    "unsupported_grant_type": Words("tipo de autorização não suportado", "grant type not supported"),
    "refresh_reused": Words(
        "token de renovação usado duas vezes: sessão encerrada",
        "refresh token used twice: session ended",
    ),
    "session_state": Words(
        "a sessão não está em estado que permita isso",
        "the session is not in a state that allows this",
    ),
    "attempt_state": Words(
        "a tentativa não está em estado que permita isso",
        "the attempt is not in a state that allows this",
    ),
    "device_state": Words(
        "o dispositivo não está em estado que permita isso",
        "the device is not in a state that allows this",
    ),
    "pairing_refused": Words("pareamento recusado", "pairing refused"),
    "too_many_guesses": Words("códigos errados demais", "too many wrong codes"),
    "lockout_state": Words(
        "o bloqueio não está em estado que permita isso",
        "the lockout is not in a state that allows this",
    ),
    "password_rejected": Words("a senha não cumpre as regras", "the password does not meet the rules"),
    "passwords_off": Words("aqui não se entra com senha", "nobody signs in with a password here"),
    "passwords_elsewhere": Words(
        "as senhas são do diretório do hospital",
        "passwords belong to the hospital's directory",
    ),
    "username_taken": Words("o usuário já pertence a outra pessoa", "the username belongs to somebody else"),
    "already_enrolled": Words("a pessoa já está cadastrada", "the person is enrolled already"),
    "duplicate_person": Words(
        "o rosto já está cadastrado com outra identidade",
        "the face is enrolled under another identity already",
    ),
    "capture_count": Words("número de fotos fora do permitido", "number of pictures not allowed"),
    "captures_insufficient": Words("fotos boas insuficientes para o cadastro", "too few good pictures to enrol"),
    "captures_inconsistent": Words(
        "as fotos do cadastro não parecem ser da mesma pessoa",
        "the enrolment pictures do not seem to be of one person",
    ),
    "client_taken": Words("o nome do cliente já existe", "the client name is taken"),
    "erasure_held": Words(
        "um juízo ou dever legal obriga a guardar os dados; estão bloqueados e serão eliminados quando isso acabar",
        "a court or a legal duty keeps the data; they are blocked, and will be erased when that ends",
    ),
    "already_erased": Words("os dados já foram eliminados", "the data have been erased already"),
    "rotation_state": Words(
        "a campanha não está em estado que permita isso",
        "the campaign is not in a state that allows this",
    ),
    "signal_refused": Words("sinal externo recusado", "signal from outside refused"),
    "endpoint_forbidden": Words("endereço de entrega não permitido", "delivery address not allowed"),
    "stream_limit": Words("fluxos demais", "too many streams"),
    "stream_state": Words(
        "o fluxo não está em estado que permita isso",
        "the stream is not in a state that allows this",
    ),
    "conflict": Words("outra alteração chegou antes", "another change came first"),
    "in_progress": Words("a mesma operação já está em curso", "the same operation is running already"),
    "invalid_input": Words("entrada em forma inválida", "input of the wrong form"),
    "body_too_large": Words("requisição grande demais", "request too large"),
    "invalid_image": Words("os dados não são uma imagem", "the bytes are no picture"),
    "unsupported_image_format": Words("formato de imagem não suportado", "picture format not supported"),
    "image_too_large": Words("imagem grande demais", "picture too large"),
    "invalid_depth": Words("mapa de profundidade inválido", "invalid depth map"),
    "models": Words("modelo de reconhecimento ausente ou alterado", "recognition model missing or changed"),
    "configuration": Words("configuração que não pode funcionar", "a setting that cannot work"),
    "key_ring": Words("o chaveiro não pôde ser usado", "the key ring could not be used"),
    "key_ring_missing": Words("o chaveiro não foi encontrado", "the key ring is missing"),
    "key_ring_damaged": Words("o chaveiro está danificado", "the key ring is damaged"),
    "key_ring_outdated": Words("o chaveiro é mais antigo que os dados", "the key ring is older than the data"),
    "key_ring_foreign": Words("o chaveiro é de outra instalação", "the key ring is another installation's"),
    "kek_unknown": Words("a chave que cifra as chaves é desconhecida", "the key-encryption key is unknown"),
    "transform_unknown": Words(
        "a transformação do modelo biométrico é desconhecida",
        "the template transform is unknown",
    ),
    "key_active": Words("a chave ainda está em uso ativo", "the key is still the active one"),
    "key_in_use": Words("a chave ainda protege dados", "the key still protects data"),
    "keys_read_only": Words("as chaves são de um provedor só de leitura", "the keys belong to a read-only provider"),
    "backup_damaged": Words("cópia de segurança danificada", "backup damaged"),
    "backup_foreign": Words("cópia de segurança de outra instalação", "backup of another installation"),
    "consent_renewal_needed": Words(
        "o aviso mudou e o consentimento precisa ser renovado",
        "the notice changed and consent has to be renewed",
    ),
    "consent_code_refused": Words("código de consentimento recusado", "consent code refused"),
    "paper_consent_forbidden": Words(
        "este hospital não aceita consentimento em papel",
        "this hospital takes no consent on paper",
    ),
    "notice_version_taken": Words("a versão do aviso já existe", "the version of the notice is taken"),
    "request_state": Words(
        "o pedido não está em estado que permita isso",
        "the request is not in a state that allows this",
    ),
    "incident_state": Words(
        "o incidente não está em estado que permita isso",
        "the incident is not in a state that allows this",
    ),
    "sweep_state": Words(
        "a eliminação por prazo não está em estado que permita isso",
        "the sweep is not in a state that allows this",
    ),
    "hold_state": Words(
        "a retenção não está em estado que permita isso",
        "the hold is not in a state that allows this",
    ),
    "retention_halted": Words(
        "a eliminação por prazo parou e pede a decisão de alguém",
        "deletion by period stopped and asks for somebody's decision",
    ),
    "witness_conflict": Words(
        "a testemunha já viu outro ponto de verificação",
        "the witness has seen another checkpoint",
    ),
    "log_broken": Words("o registro de eventos foi alterado", "the log of events was changed"),
    "link_refused": Words("o convite do console não vale ou venceu", "the console link is not valid or has expired"),
    "origin_refused": Words("o formulário veio de outra página", "the form came from another page"),
    "export_failed": Words("a exportação não pôde ser gravada", "the export could not be written"),
    "export_too_large": Words("exportação grande demais de uma vez", "too large an export at once"),
    "internal_error": Words("falha interna, registrada", "internal fault, logged"),
}
"""By code: refusals of an attempt, and every error of ``domain.errors``."""
