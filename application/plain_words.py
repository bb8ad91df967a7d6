"""What happened, in words that a person without any training understands: Portuguese first, English second.

The person is told why they were refused, never how near they came and never which test a fake would have to pass next:
whatever speaks of an attack is one sentence (docs/adr/0034). The officer reads the sentence of the exact reason.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

Words = tuple[str, str]

_NO_LIFE: Final[Words] = (
    "não ficou comprovado que uma pessoa viva estava diante da câmera",
    "it was not shown that a live person was in front of the camera",
)
CODES: Final[Mapping[str, Words]] = {
    "ok": ("entrou", "let in"),
    "face_not_recognised": ("o rosto não foi reconhecido", "the face was not recognised"),
    "presentation_attack": _NO_LIFE,
    "challenge_failed": ("os movimentos pedidos não foram feitos", "the movements asked for were not made"),
    "liveness_failed": _NO_LIFE,
    "quality_too_low": ("as imagens não eram boas o bastante", "the pictures were not good enough"),
    "timeout": ("o tempo acabou", "time ran out"),
    "locked_out": ("houve falhas demais; foi preciso esperar", "too many failures; one had to wait"),
    "rate_limited": ("houve tentativas demais em um minuto", "too many attempts within a minute"),
    "unavailable": ("o serviço não pôde decidir", "the service could not decide"),
    "device_required": ("o setor exige um dispositivo pareado", "the department requires a paired device"),
    "device_rejected": ("o dispositivo não foi aceito", "the device was not accepted"),
    "consent_renewal_needed": (
        "o aviso de privacidade mudou e o consentimento precisava ser renovado",
        "the privacy notice had changed and consent had to be renewed",
    ),
    "wrong_password": ("usuário ou senha não conferem", "username or password is wrong"),
    "password_change_required": ("a senha provisória precisa ser trocada", "the temporary password must be replaced"),
    "password_required": ("o rosto foi aceito; faltava a senha", "the face was accepted; the password was missing"),
}
"""What the client was told, by code."""

TOLD: Final[Mapping[str, Words]] = {
    "gallery_empty": ("ninguém está cadastrado no setor", "nobody is enrolled in the department"),
    "below_threshold": (
        "o rosto não se pareceu o bastante com o modelo cadastrado",
        "the face was not similar enough to the enrolled template",
    ),
    "margin_too_small": (
        "o rosto se pareceu com mais de um cadastro; para não confundir pessoas, ninguém entrou",
        "the face was similar to more than one person; so as not to mix people up, nobody was let in",
    ),
    "claim_not_found": ("o usuário informado não está cadastrado ali", "the username given is not enrolled there"),
    "consent_renewal_needed": (
        "o aviso de privacidade mudou e o consentimento precisava ser renovado",
        "the privacy notice had changed and consent had to be renewed",
    ),
    "consent_missing": ("o consentimento não estava em vigor", "consent was not in force"),
    "enrollment_inactive": ("o cadastro não estava ativo", "the enrolment was not active"),
    "account_inactive": ("a conta não estava ativa", "the account was not active"),
    "erased": ("os dados já tinham sido apagados", "the data had been erased already"),
    "not_found": ("o cadastro já não existia", "the enrolment did not exist any more"),
    "seal_broken": ("um dado guardado estava danificado", "something stored was damaged"),
    "device_state": ("o dispositivo já não valia", "the device was not trusted any more"),
    "template_replaced": ("o modelo foi trocado naquele momento", "the template was being replaced at that moment"),
    "unknown_user": ("o usuário não existe", "there is no such username"),
    "other_department": ("a conta é de outro setor", "the account is of another department"),
    "wrong_password": ("a senha não confere", "the password is wrong"),
    "password_too_short": ("a senha é curta demais para o setor", "the password is too short for the department"),
    "temporary_password": ("a senha provisória precisa ser trocada", "the temporary password must be replaced"),
    "other_username": ("o usuário não é o do rosto", "the username is not that of the face"),
    "locked_out": CODES["locked_out"],
    "rate_limited": CODES["rate_limited"],
    "too_small": ("o rosto estava longe demais", "the face was too far away"),
    "too_close": ("o rosto estava perto demais", "the face was too close"),
    "off_centre": ("o rosto saiu da imagem", "the face was partly outside the picture"),
    "too_dark": ("estava escuro demais", "it was too dark"),
    "too_bright": ("havia luz demais", "it was too bright"),
    "blurred": ("as imagens estavam tremidas", "the pictures were blurred"),
    "look_straight": ("o rosto estava virado", "the face was turned away"),
    "face_covered": ("o rosto estava coberto", "the face was covered"),
    "eyes_closed": ("os olhos estavam fechados", "the eyes were closed"),
    "no_face": ("nenhum rosto foi visto", "no face was seen"),
    "many_faces": ("havia mais de um rosto", "there was more than one face"),
    "invalid_image": ("chegaram dados que não eram imagens", "what arrived was not a picture"),
    "image_too_large": ("as imagens eram grandes demais", "the pictures were too large"),
    "unsupported_image_format": ("o formato das imagens não serve", "the pictures' format is not supported"),
    "unfit": ("as imagens não serviam", "the pictures could not be used"),
    "no_frame": ("nenhuma imagem chegou", "no picture arrived"),
    "no_frames": ("nenhuma imagem chegou", "no picture arrived"),
    "too_few_usable_frames": ("poucas imagens serviram", "too few pictures could be used"),
    "no_steady_face": ("o rosto não ficou parado no início", "the face was not held still at the beginning"),
    "no_straight_look_at_the_end": ("faltou olhar de frente no fim", "the look straight ahead at the end was missing"),
    "client_gone": ("a conexão caiu", "the connection was lost"),
    "service_interrupted": ("o serviço parou no meio", "the service stopped in the middle"),
    "second_factor_missing": ("a senha não veio a tempo", "the password did not come in time"),
    "device_missing": ("nenhum dispositivo pareado se apresentou", "no paired device presented itself"),
    "device_silent": ("o dispositivo não respondeu", "the device did not answer"),
    "device_unknown": ("o dispositivo não é conhecido", "the device is not known"),
    "device_revoked": ("o dispositivo foi bloqueado", "the device was revoked"),
    "device_of_another_department": ("o dispositivo é de outro setor", "the device is of another department"),
}
"""Exact reasons that help the person and no attacker."""

WITHHELD: Final[Mapping[str, Words]] = {
    "median_below_threshold": ("a média da prova de vida ficou abaixo do limite", "liveness was below its threshold"),
    "latest_frame_below_threshold": ("a última imagem não parecia viva", "the last frame did not look alive"),
    "stretch_below_threshold": ("um trecho não parecia vivo", "a stretch of frames did not look alive"),
    "still_picture": ("a imagem era uma fotografia parada", "it was a still picture"),
    "repeated_frames": ("as mesmas imagens se repetiram", "the same frames came again"),
    "looping_video": ("um vídeo se repetia", "a video was looping"),
    "movement_of_a_flat_thing": ("o movimento era o de uma superfície plana", "it moved as a flat thing does"),
    "face_lost": ("o rosto sumiu", "the face was lost"),
    "face_jump": ("o rosto saltou de lugar", "the face jumped"),
    "face_changed": ("o rosto virou outro", "the face became another one"),
    "scene_jump": ("a cena mudou de repente", "the scene changed at once"),
    "time_runs_backwards": ("os horários voltaram atrás", "the times ran backwards"),
    "clocks_disagree": ("os horários não combinam", "the clocks disagree"),
    "frame_rate_too_low": ("as imagens vieram devagar demais", "frames came too slowly"),
    "frame_rate_too_high": ("as imagens vieram rápido demais", "frames came too fast"),
    "depth_flat": ("o mapa de profundidade era plano", "the depth map was flat"),
    "depth_absent": ("faltou o mapa de profundidade", "the depth map was missing"),
    "depth_inverted": ("o relevo estava invertido", "the relief was inverted"),
    "depth_scale": ("o tamanho não era o de um rosto", "the size was not that of a face"),
    "depth_frozen": ("o mapa de profundidade não mudava", "the depth map did not change"),
    "depth_incomplete": ("o mapa de profundidade tinha falhas", "the depth map had holes"),
    "device_signature": ("a assinatura do dispositivo não confere", "the device's signature is wrong"),
    "device_seal_broken": ("o registro do dispositivo está danificado", "the device's record is damaged"),
}
"""Exact reasons for the officer alone: each says which test saw through what was shown."""

_PATTERNS: Final[Mapping[str, Words]] = {
    r".+_too_late": ("um movimento veio tarde demais", "a movement came too late"),
    r".+_instead_of_.+": ("foi feito outro movimento", "another movement was made"),
    r".+_not_seen": ("um movimento não foi visto", "a movement was not seen"),
}
_OTHER: Final[Words] = ("outro motivo técnico", "another technical reason")


def of_code(code: str | None) -> Words:
    """Return what the client was told by that code."""
    return CODES.get(code or "", _OTHER)


def for_officer(reason: str | None) -> Words:
    """Return the exact reason in words; an unknown code as "another technical reason"."""
    text = reason or ""
    known = TOLD.get(text) or WITHHELD.get(text) or CODES.get(text)
    return known or next((said for form, said in _PATTERNS.items() if re.fullmatch(form, text)), _OTHER)


def for_person(code: str | None, reason: str | None) -> Words:
    """Return why somebody was refused: the exact reason where it helps, what the client heard where it would teach."""
    return TOLD.get(reason or "") or of_code(code or reason)
