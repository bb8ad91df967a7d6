"""What each of the officer's reasons means."""

from __future__ import annotations

from typing import Final

from application.words import Words
from application.words.codes import CODES

REASONS: Final = {
    "gallery_empty": Words("não há ninguém cadastrado neste setor", "nobody is enrolled in this department"),
    "below_threshold": Words(
        "a semelhança com a pessoa mais parecida ficou abaixo do limiar",
        "the similarity to the nearest person stayed below the threshold",
    ),
    "margin_too_small": Words(
        "duas pessoas pareciam quase iguais: a distância entre elas ficou abaixo da margem",
        "two people looked almost equally near: the distance between them stayed below the margin",
    ),
    "claim_not_found": Words(
        "o usuário informado não existe neste setor",
        "the username claimed is nobody's in this department",
    ),
    "no_frame": Words("nenhuma imagem para decidir", "no frame to decide on"),
    "no_frames": Words("nenhuma imagem utilizável", "no usable frame"),
    "no_steady_face": Words("o rosto não ficou parado no início", "the face was not held still at the beginning"),
    "no_straight_look_at_the_end": Words(
        "faltou olhar de frente no fim",
        "the look straight ahead at the end was missing",
    ),
    "too_few_usable_frames": Words("imagens utilizáveis de menos", "too few usable frames"),
    "median_below_threshold": Words(
        "a mediana da prova de vida ficou abaixo do limiar",
        "the median of the liveness scores stayed below the threshold",
    ),
    "stretch_below_threshold": Words(
        "um trecho seguido de imagens ficou abaixo do limiar da prova de vida",
        "a stretch of frames stayed below the liveness threshold",
    ),
    "latest_frame_below_threshold": Words(
        "a última imagem ficou abaixo do limiar da prova de vida",
        "the latest frame stayed below the liveness threshold",
    ),
    "movement_of_a_flat_thing": Words(
        "o movimento foi de algo plano, como uma foto ou tela",
        "the movement was that of a flat thing, such as a picture or screen",
    ),
    "still_picture": Words(
        "as imagens não mudam como as de uma pessoa viva",
        "the pictures do not change as those of a live person",
    ),
    "repeated_frames": Words("as mesmas imagens se repetiram", "the same pictures were repeated"),
    "looping_video": Words("vídeo em repetição", "a video in a loop"),
    "face_lost": Words("o rosto saiu da imagem", "the face left the picture"),
    "face_jump": Words("o rosto saltou de lugar", "the face jumped"),
    "face_changed": Words("o rosto passou a ser o de outra pessoa", "the face became another person's"),
    "scene_jump": Words("a cena mudou de repente", "the scene changed suddenly"),
    "many_faces": Words("havia mais de um rosto", "there was more than one face"),
    "no_face": Words("nenhum rosto na imagem", "no face in the picture"),
    "time_runs_backwards": Words("os horários das imagens andaram para trás", "the frames' times ran backwards"),
    "clocks_disagree": Words(
        "o relógio do aplicativo não combina com o do servidor",
        "the client's clock does not agree with the server's",
    ),
    "frame_rate_too_low": Words("imagens por segundo de menos", "too few frames a second"),
    "frame_rate_too_high": Words("imagens por segundo demais", "too many frames a second"),
    "depth_flat": Words("o sensor de profundidade viu algo plano", "the depth sensor saw a flat thing"),
    "depth_absent": Words(
        "o sensor de profundidade não viu nada no lugar do rosto",
        "the depth sensor saw nothing where the face was",
    ),
    "depth_inverted": Words("o relevo estava invertido", "the relief was inverted"),
    "depth_scale": Words("o tamanho medido não é o de um rosto", "the measured size is not that of a face"),
    "depth_frozen": Words("o mapa de profundidade não mudava", "the depth map did not change"),
    "depth_incomplete": Words("faltou mapa de profundidade", "depth maps were missing"),
    "too_small": Words("rosto pequeno demais: longe da câmera", "face too small: far from the camera"),
    "too_close": Words("rosto perto demais", "face too close"),
    "off_centre": Words("rosto fora do centro", "face off centre"),
    "too_dark": Words("imagem escura demais", "picture too dark"),
    "too_bright": Words("imagem clara demais", "picture too bright"),
    "blurred": Words("imagem borrada", "picture blurred"),
    "look_straight": Words("a pessoa não olhava de frente", "the person did not look straight"),
    "face_covered": Words("parte do rosto estava coberta", "part of the face was covered"),
    "eyes_closed": Words("olhos fechados", "eyes closed"),
    "unfit": Words("imagem sem condições de reconhecer alguém", "picture unfit to recognise anybody"),
    "device_missing": Words("nenhum dispositivo se apresentou", "no device came forward"),
    "device_silent": Words("o dispositivo não assinou as imagens", "the device did not sign the frames"),
    "device_unknown": Words("dispositivo não pareado", "device not paired"),
    "device_revoked": Words("o dispositivo foi revogado", "the device was revoked"),
    "device_of_another_department": Words("o dispositivo é de outro setor", "the device is of another department"),
    "device_signature": Words("a assinatura do dispositivo não confere", "the device's signature does not hold"),
    "device_seal_broken": Words("o registro do dispositivo foi alterado", "the device's record was tampered with"),
    "unknown_user": Words("usuário desconhecido", "unknown username"),
    "wrong_password": Words("senha incorreta", "wrong password"),
    "other_department": Words("a conta é de outro setor", "the account is of another department"),
    "other_username": Words(
        "o usuário não é o da pessoa reconhecida",
        "the username is not that of the person recognised",
    ),
    "temporary_password": Words("a senha ainda é provisória", "the password is still a temporary one"),
    "password_too_short": Words(
        "a senha é mais curta do que a regra pede",
        "the password is shorter than the rule demands",
    ),
    "passwords_unavailable": Words("não foi possível conferir a senha", "the password could not be checked"),
    "service_interrupted": Words(
        "o serviço parou no meio da tentativa",
        "the service stopped in the middle of the attempt",
    ),
    "second_factor_missing": Words("a senha não veio a tempo", "the password did not come in time"),
    "client_gone": Words("o aplicativo desconectou", "the client went away"),
    "undelivered": Words(
        "o acesso não pôde ser entregue ao aplicativo: sessão encerrada",
        "the success could not be delivered: session ended",
    ),
    "other": Words("outro motivo, em palavras que ficam no evento", "another reason, in words that stay in the event"),
}
"""By reason code, as events carry them."""
MOVEMENTS: Final = {
    "turn_left": Words("virar à esquerda", "turn left"),
    "turn_right": Words("virar à direita", "turn right"),
    "look_up": Words("olhar para cima", "look up"),
    "look_down": Words("olhar para baixo", "look down"),
    "come_closer": Words("chegar mais perto", "come closer"),
    "blink": Words("piscar", "blink"),
    "hold_still": Words("ficar parado", "hold still"),
}
"""What a challenge may ask for."""
UNSAID: Final = Words(
    "motivo “{code}”, sem palavras próprias nesta versão", "reason “{code}”, without words in this version"
)
NOT_SEEN: Final = Words("o movimento pedido não foi visto: {pt}", "the movement asked for was not seen: {en}")
TOO_LATE: Final = Words("o movimento pedido veio tarde demais: {pt}", "the movement asked for came too late: {en}")
INSTEAD: Final = Words("foi feito outro movimento em vez do pedido: {pt}", "another movement was made instead of: {en}")


def reason_words(code: str) -> Words:
    """Return the words for a reason, those about a movement included."""
    if code in REASONS:
        return REASONS[code]
    if code in CODES:
        return CODES[code]
    for ending, words in (("_not_seen", NOT_SEEN), ("_too_late", TOO_LATE)):
        move = MOVEMENTS.get(code.removesuffix(ending)) if code.endswith(ending) else None
        if move is not None:
            return Words(words.pt.format(pt=move.pt), words.en.format(en=move.en))
    move = MOVEMENTS.get(code.partition("_instead_of_")[2])
    if move is not None:
        return Words(INSTEAD.pt.format(pt=move.pt), INSTEAD.en.format(en=move.en))
    return UNSAID.with_values(code=code)
