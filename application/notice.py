"""The privacy notice that a person reads before consenting: versioned and hashed, pt-BR first."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from domain.errors import NoticeOutdatedError

LEGAL_BASIS: Final = "LGPD art. 11, I (consentimento)"


@dataclass(frozen=True, slots=True)
class Notice:
    """One version of the notice; the hash covers both languages, UTF-8, in that order."""

    version: str
    pt_br: str
    en: str

    @property
    def sha256(self) -> str:
        """Hex digest of the text that was shown."""
        return hashlib.sha256(f"{self.pt_br}\n\n{self.en}".encode()).hexdigest()

    def check_accepted(self, version: str) -> None:
        """Raise ``NoticeOutdatedError`` unless that is the version in force."""
        if version != self.version:
            raise NoticeOutdatedError(f"the notice in force is {self.version}; show it and ask again")


CURRENT: Final = Notice(
    version="2026-11",
    pt_br=(
        "Reconhecimento facial para entrar no sistema de prontuários. O hospital transforma de 5 a 10 fotos do seu "
        "rosto em um modelo numérico cifrado; as fotos são apagadas na hora e nada sai do hospital. O modelo serve "
        "somente para reconhecer você ao entrar. Cada tentativa fica registrada, sem imagem. Você não é obrigado a "
        "aceitar: a senha continua disponível. Você pode retirar o consentimento a qualquer momento, de graça; o "
        "reconhecimento para na mesma hora. Você pode pedir acesso, correção, portabilidade e exclusão ao "
        "encarregado de dados do hospital."
    ),
    en=(
        "Face recognition for signing in to the medical record system. The hospital turns 5 to 10 pictures of your "
        "face into an encrypted numeric template; the pictures are erased at once and nothing leaves the hospital. "
        "The template serves only to recognise you when you sign in. Every attempt is recorded, without images. You "
        "need not accept: the password remains. You may withdraw your consent at any time, free of charge; "
        "recognition stops at once. You may ask the hospital's data protection officer for access, correction, "
        "portability and deletion."
    ),
)
