"""The checks of an attempt, one sentence each, from the events that tell of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from application.ports.event_store import RecordedEvent
from application.ports.vault import subject_owner
from application.words import Words
from application.words.codes import CODES
from application.words.reasons import MOVEMENTS, reason_words

NOT_RECORDED: Final = "not_recorded"
RULES: Final = ("version", "evidence", "matching", "lockout", "model")
MODES: Final = {
    "password": Words("entrada só com senha", "sign-in by password alone"),
    "active": Words(
        "rosto, com prova de vida ativa: movimentos pedidos ao acaso",
        "face, with active liveness: movements asked for at random",
    ),
    "passive": Words(
        "rosto, com prova de vida passiva: só olhar para a câmera",
        "face, with passive liveness: only looking at the camera",
    ),
}
STEPS: Final = {
    "none": Words("nada mais a fazer", "nothing more to do"),
    "retry": Words("tentar de novo", "try again"),
    "password": Words("entrar com a senha", "use the password"),
    "contact_admin": Words("procurar a administração do setor", "see the department's administrator"),
}
"""What the client was told to do next."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check. ``missing`` names facts that the version of that time did not record."""

    name: str
    words: Words
    passed: bool | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    missing: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        facts = {**self.facts, **dict.fromkeys(self.missing, NOT_RECORDED)}
        return {"check": self.name, "passed": self.passed, "facts": facts, **self.words.document()}


def mode(started: RecordedEvent | None) -> Check | None:
    """How one was to sign in."""
    if started is None:
        return None
    facts = {name: started.fields[name] for name in ("mode", "policy", "department")}
    words = MODES.get(facts["policy"], MODES["password"] if facts["mode"] == "password" else Words("rosto", "face"))
    return Check("mode", words, facts=facts)


def rules(challenged: RecordedEvent | None) -> Check | None:
    """Which rules stood, by version, and which models judged."""
    if challenged is None:
        return None
    known = dict(challenged.fields.get("rules") or {})
    if not known:
        words = Words(
            "versões das regras e dos modelos não registradas nesta época",
            "versions of rules and models not recorded then",
        )
        return Check("rules", words, missing=RULES)
    words = Words(
        "programa {version}; regras de evidência {evidence}, comparação {matching}, bloqueio {lockout}; modelo {model}",
        "program {version}; rules of evidence {evidence}, of matching {matching}, of lockout {lockout}; model {model}",
    )
    missing = tuple(name for name in RULES if name not in known)
    return Check("rules", words.with_values(**dict.fromkeys(missing, "?"), **known), facts=known, missing=missing)


def lockout(found: Sequence[tuple[RecordedEvent, bool]]) -> Check:
    """Whether a wait stood then, or began with this attempt."""
    standing = [event for event, stood in found if stood]
    facts = {
        "lockouts": [
            {
                "episode_id": str(event.aggregate_id),
                "scope": event.fields.get("scope"),
                "method": event.fields.get("method"),
                "stood": stood,
            }
            for event, stood in found
        ]
    }
    if standing:
        return Check("lockout", Words("havia bloqueio em vigor", "a lockout stood"), passed=False, facts=facts)
    if found:
        words = Words(
            "não havia bloqueio antes; houve um depois ou já terminado", "no lockout stood; one came after, or was over"
        )
        return Check("lockout", words, passed=True, facts=facts)
    return Check("lockout", Words("nenhum bloqueio em vigor", "no lockout stood"), passed=True, facts=facts)


def device(proven: RecordedEvent | None, refused: RecordedEvent | None) -> Check | None:
    """Whether a paired device proved itself."""
    if proven is not None:
        facts = {"device_id": str(proven.fields["device_id"]), "frames": proven.fields["frames"]}
        words = Words(
            "o dispositivo pareado {device_id} assinou {frames} imagens",
            "paired device {device_id} signed {frames} frames",
        )
        return Check("device", words.with_values(**facts), passed=True, facts=facts)
    reason = refused.fields["reason"] if refused is not None else ""
    if reason.startswith("device_"):
        return Check("device", reason_words(reason), passed=False, facts={"reason": reason})
    return Check("device", Words("nenhum dispositivo pareado participou", "no paired device took part"))


def evidence(
    challenged: RecordedEvent | None, assessed: RecordedEvent | None, ended: RecordedEvent
) -> list[Check | None]:
    """What was asked for, what was seen, how live it looked, how good it was."""
    if assessed is None:
        return []
    seen = assessed.fields["evidence"]
    code, reason = ended.fields.get("code"), ended.fields.get("reason") or ""
    threshold = ((challenged.fields.get("rules") or {}) if challenged else {}).get("pad_threshold")
    asked = [MOVEMENTS.get(step, Words(step, step)) for step in seen.challenge]
    steps = Words(", ".join(w.pt for w in asked), ", ".join(w.en for w in asked))
    frames = Words(
        "{frames_received} imagens recebidas, {frames_judged} avaliadas, {frames_usable} utilizáveis",
        "{frames_received} frames received, {frames_judged} judged, {frames_usable} usable",
    )
    counts = {n: getattr(seen, n) for n in ("frames_received", "frames_judged", "frames_usable", "frames_dropped")}
    found: list[Check | None] = [
        Check(
            "frames",
            frames.with_values(**counts),
            facts=counts | {"reasons": dict(seen.reasons), "restarts": dict(seen.restarts)},
        )
    ]
    if asked:
        done = code != "challenge_failed"
        words = Words("movimentos pedidos: {pt}", "movements asked for: {en}")
        words = Words(words.pt.format(pt=steps.pt), words.en.format(en=steps.en))
        if not done:
            words = Words(f"{words.pt}; {reason_words(reason).pt}", f"{words.en}; {reason_words(reason).en}")
        found.append(Check("challenge", words, passed=done, facts={"challenge": list(seen.challenge)}))
    found.append(_liveness(seen, code, reason, threshold))
    if seen.quality_decision is not None or code == "quality_too_low":
        words = Words("qualidade da imagem decisiva: {score}", "quality of the decision frame: {score}")
        fine = code != "quality_too_low"
        words = words.with_values(score=seen.quality_decision) if fine else reason_words(reason)
        found.append(Check("quality", words, passed=fine, facts={"quality": seen.quality_decision}))
    return found


def _liveness(seen: Any, code: str | None, reason: str, threshold: str | None) -> Check:
    facts = {
        name: getattr(seen, name) for name in ("pad_median", "pad_lowest", "pad_decision", "parallax", "depth_frames")
    }
    facts["threshold"] = threshold or NOT_RECORDED
    failed = code in {"presentation_attack", "liveness_failed"}
    numbers = f"{seen.pad_median}", f"{seen.pad_decision}"
    pt = "prova de vida: mediana {}, imagem decisiva {}, limiar {}".format(*numbers, threshold or "não registrado")
    en = "liveness: median {}, decision frame {}, threshold {}".format(*numbers, threshold or "not recorded")
    if failed:
        why = reason_words(reason)
        pt, en = f"{pt}; {why.pt}", f"{en}; {why.en}"
    passed = False if failed else (None if seen.pad_median is None or code == "quality_too_low" else True)
    missing = () if threshold else ("threshold",)
    return Check("liveness", Words(pt, en), passed=passed, facts=facts, missing=missing)


def matching(challenged: RecordedEvent | None, matched: RecordedEvent | None) -> list[Check | None]:
    """How near the face came to the nearest person, and how far the next one was."""
    if matched is None:
        return []
    facts_of = matched.fields["match"]
    known = ((challenged.fields.get("rules") or {}) if challenged else {}) or {}
    reason = matched.fields.get("reason") or ""
    shown = {name: getattr(facts_of, name) for name in ("similarity", "threshold", "gallery_size", "claimed", "model")}
    near = facts_of.similarity is not None and facts_of.similarity >= facts_of.threshold
    words = Words(
        "semelhança {similarity}, limiar {threshold}; {among}; modelo {model}",
        "similarity {similarity}, threshold {threshold}; {among}; model {model}",
    )
    among = (
        Words("comparado com a pessoa informada (1:1)", "compared with the person claimed (1:1)")
        if facts_of.claimed
        else Words(
            f"comparado com {facts_of.gallery_size} pessoas (1:N)",
            f"compared with {facts_of.gallery_size} people (1:N)",
        )
    )
    said = Words(words.pt.format(among=among.pt, **shown), words.en.format(among=among.en, **shown))
    meaning = _meaning(known, claimed=facts_of.claimed)
    similarity = Check("similarity", Words(f"{said.pt}. {meaning.pt}", f"{said.en}. {meaning.en}"), near, shown)
    distance = (
        None
        if facts_of.similarity is None or facts_of.runner_up is None
        else round(facts_of.similarity - facts_of.runner_up, 4)
    )
    if distance is None:
        return [similarity]
    words = Words(
        "distância até a segunda pessoa mais parecida: {distance}; mínimo {margin}",
        "distance to the next person: {distance}; least {margin}",
    )
    numbers = {"runner_up": facts_of.runner_up, "distance": distance, "margin": facts_of.margin}
    passed = None if not near else reason != "margin_too_small"
    return [similarity, Check("margin", words.with_values(**numbers), passed, numbers)]


def _meaning(known: Mapping[str, str], *, claimed: bool) -> Words:
    """What the threshold promises about strangers."""
    if known.get("measured") != "yes":
        return Words(
            "O limiar é um número fixo, ou a sua taxa de falsas coincidências não foi registrada",
            "The threshold is a fixed number, or its false match rate was not recorded",
        )
    if claimed:
        return Words(
            "Nesse limiar, medido, no máximo 1 em 10.000 comparações de pessoas diferentes coincide (FMR)",
            "At that threshold, as measured, at most 1 in 10,000 comparisons of different people match (FMR)",
        )
    share = f"{float(known['fpir_target']) * 100:g} %"
    return Words(
        f"Nesse limiar, medido, no máximo {share} das buscas de um desconhecido encontram alguém (FPIR)",
        f"At that threshold, as measured, at most {share} of searches by a stranger bring anybody up (FPIR)",
    )


def consent(found: Mapping[str, Sequence[RecordedEvent]]) -> Check:
    """Which consent was in force at that moment."""
    facts: dict[str, Any] = {}
    for purpose, events in found.items():
        told = [event for event in events if event.name.startswith("consent.")]
        given = [event for event in told if event.name in {"consent.granted.v1", "consent.renewed.v1"}]
        standing = bool(told) and told[-1].name in {"consent.granted.v1", "consent.renewed.v1"}
        facts[purpose] = {
            "in_force": standing,
            "notice_version": given[-1].fields["notice_version"] if given else None,
            "channel": given[-1].fields["act"].channel if given else None,
            "given_at": given[-1].at.isoformat() if given else None,
        }
    whole = all(each["in_force"] for each in facts.values())
    said = "; ".join(f"{purpose}: {each['notice_version']} ({each['channel']})" for purpose, each in facts.items())
    words = (
        Words("consentimento em vigor, aviso {said}", "consent in force, notice {said}")
        if whole
        else Words("faltava consentimento em vigor ({said})", "consent was not in force ({said})")
    )
    return Check("consent", words.with_values(said=said), passed=whole, facts=facts)


def template(used: RecordedEvent, enrolled: Sequence[RecordedEvent]) -> Check:
    """Which template was compared, through which transform, and whose key opens it."""
    template_id, subject_id = used.fields["template_id"], used.fields["subject_id"]
    made = next((event for event in enrolled if event.fields.get("template_id") == template_id), None)
    facts = {
        "template_id": str(template_id),
        "enrollment_id": str(used.fields["enrollment_id"]),
        "data_key": subject_owner(subject_id),
        "transform": (made.fields.get("transform") if made else None) or NOT_RECORDED,
        "model": made.fields["model"] if made else NOT_RECORDED,
    }
    words = Words(
        "modelo biométrico {template_id}, transformação {transform}, chave de dados {data_key}",
        "template {template_id}, transform {transform}, data key {data_key}",
    )
    # Which generation wrapped the data key changes with every renewal, and is no part of the decision.
    return Check("template", words.with_values(**facts), facts=facts, missing=("key_encryption_key",))


def second_factor(events: Sequence[RecordedEvent]) -> Check | None:
    """What became of a password beside the face."""
    found = [event for event in events if event.name.startswith(("attempt.factor_", "attempt.second_factor_"))]
    if not found:
        return None
    last = found[-1]
    if last.name == "attempt.second_factor_accepted.v1":
        return Check("second_factor", Words("senha aceita", "password accepted"), passed=True)
    if last.name == "attempt.second_factor_refused.v1":
        return Check("second_factor", reason_words(last.fields["reason"]), False, {"reason": last.fields["reason"]})
    return Check("second_factor", Words("a senha era esperada", "the password was awaited"))


def verdict(ended: RecordedEvent) -> Words:
    """Return how it ended, in one sentence."""
    code, reason = ended.fields.get("code"), ended.fields.get("reason")
    match ended.name:
        case "attempt.succeeded.v1" | "attempt.second_factor_accepted.v1" | "attempt.fallback_succeeded.v1":
            return CODES["ok"]
        case "attempt.factor_accepted.v1":
            return CODES["password_required"]
        case "attempt.refused.v1":
            said, why = CODES.get(str(code), reason_words(str(code))), reason_words(str(reason))
            return (
                said if reason == code else Words(f"Recusado: {said.pt} ({why.pt})", f"Refused: {said.en} ({why.en})")
            )
        case "attempt.abandoned.v1" | "attempt.second_factor_refused.v1" | "attempt.fallback_refused.v1":
            why = reason_words(str(reason))
            return Words(f"Sem acesso: {why.pt}", f"Not admitted: {why.en}")
        case _:
            return Words("Ainda sem decisão", "Not decided yet")


def told(ended: RecordedEvent, offered: RecordedEvent | None) -> dict[str, Any]:
    """Return what the client heard: a code and what to do next, never a score."""
    codes = {"attempt.refused.v1": ended.fields.get("code"), "attempt.factor_accepted.v1": "password_required"}
    admitted = verdict(ended) is CODES["ok"]
    code = "ok" if admitted else codes.get(ended.name, "wrong_password" if "refused" in ended.name else None)
    step = ended.fields.get("next_step") or (
        "none" if admitted else "password" if code == "password_required" else None
    )
    words = STEPS.get(step or "", Words("nada foi dito", "nothing was said"))
    return {
        "code": code,
        "next_step": step,
        "other_way": offered.fields.get("method") if offered is not None else None,
        **words.document(),
    }
