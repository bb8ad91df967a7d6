// Signs a person in: camera to JPEG frames to the socket, what the socket says to words. Keeps nothing: no frame, no
// token, no setting; the key of a paired device is for device.js to keep. Texts are pairs: pt-BR, English.
"use strict";

const GUIDANCE = {
  no_face: ["Mostre o rosto à câmera", "Show your face to the camera"],
  many_faces: ["Só uma pessoa por vez diante da câmera", "One person at a time before the camera"],
  too_small: ["Chegue mais perto", "Come closer"],
  too_close: ["Afaste-se um pouco", "Move back a little"],
  off_centre: ["Centralize o rosto no oval", "Centre your face in the oval"],
  too_dark: ["Está escuro: procure mais luz", "It is dark: find more light"],
  too_bright: ["Há luz demais: saia do reflexo", "Too much light: move out of the glare"],
  blurred: ["A imagem está borrada: fique parado e limpe a câmera", "The picture is blurred: keep still, wipe the camera"],
  look_straight: ["Olhe de frente para a câmera", "Look straight at the camera"],
  eyes_closed: ["Abra os olhos", "Open your eyes"],
  face_covered: [
    "Descubra o rosto: tire a máscara, os óculos escuros ou a mão",
    "Uncover your face: take off the mask or dark glasses, move your hand away",
  ],
  turn_left: ["Vire o rosto para a esquerda", "Turn your head to the left"],
  turn_right: ["Vire o rosto para a direita", "Turn your head to the right"],
  look_up: ["Olhe para cima", "Look up"],
  look_down: ["Olhe para baixo", "Look down"],
  blink: ["Pisque os olhos", "Blink"],
  come_closer: ["Aproxime-se devagar", "Come closer slowly"],
  hold_still: ["Fique parado, olhando para a câmera", "Hold still, looking at the camera"],
  invalid_image: ["A câmera enviou uma imagem ilegível", "The camera sent an unreadable picture"],
};

const REFUSALS = {
  consent_renewal_needed: ["O seu consentimento precisa ser renovado", "Your consent has to be renewed"],
  face_not_recognised: ["Rosto não reconhecido", "Face not recognised"],
  liveness_failed: ["Não foi possível confirmar uma pessoa ao vivo", "A live person could not be confirmed"],
  presentation_attack: ["Não foi possível confirmar uma pessoa ao vivo", "A live person could not be confirmed"],
  challenge_failed: ["Os movimentos pedidos não foram vistos", "The requested movements were not seen"],
  quality_too_low: ["As imagens não ficaram boas o bastante", "The pictures were not good enough"],
  consent_missing: ["Falta o consentimento para usar o rosto", "Consent to use your face is missing"],
  enrollment_inactive: ["O cadastro do rosto está inativo", "Your face enrolment is inactive"],
  rate_limited: ["Muitas tentativas seguidas: espere um minuto", "Too many attempts in a row: wait a minute"],
  locked_out: ["Tentativas demais: acesso bloqueado por um tempo", "Too many attempts: locked for a while"],
  timeout: ["O tempo acabou", "Time ran out"],
  busy: ["O serviço está ocupado", "The service is busy"],
  unavailable: ["O serviço está indisponível", "The service is unavailable"],
  device_required: ["Este setor só aceita aparelhos pareados", "This department takes paired devices only"],
  device_rejected: ["Este aparelho não é mais aceito", "This device is not accepted any more"],
  department_unknown: ["Setor desconhecido", "Unknown department"],
  wrong_password: ["Usuário ou senha incorretos", "Wrong username or password"],
  password_change_required: ["A senha é temporária: escolha outra", "The password is temporary: choose another one"],
  password_rejected: ["A nova senha não serve", "The new password will not do"],
  passwords_off: ["Aqui não se entra com senha", "Passwords are not used here"],
  passwords_elsewhere: ["A senha se troca no sistema do hospital", "Change the password in the hospital's system"],
  face_required: ["Neste setor o rosto vem primeiro", "In this department the face comes first"],
  invalid_ticket: ["Passou tempo demais desde o rosto", "Too long since your face was seen"],
  invalid_input: ["Confira o que foi digitado", "Check what you typed"],
};
const REFUSED = ["Não foi possível entrar", "You could not be signed in"];

const NEXT = {
  retry: ["Tente de novo, de frente para a câmera e com boa luz.", "Try again, facing the camera, in good light."],
  password: ["Tente de novo ou entre com a senha.", "Try again, or sign in with your password."],
  retype: ["Digite de novo, com atenção a maiúsculas e espaços.", "Type it again, minding capitals and spaces."],
  renew: [
    "Use 15 caracteres ou mais: uma frase serve bem. Não use o seu nome de usuário.",
    "Use 15 characters or more: a sentence does well. Do not use your username.",
  ],
  face: ["Comece de novo pelo rosto.", "Begin again with your face."],
  renew_consent: [
    "Entre com a senha e renove-o, ou peça um código à administração do seu setor.",
    "Sign in with your password and renew it, or ask your department's administration for a code.",
  ],
  contact_admin: ["Procure a administração do seu setor.", "Ask your department's administration."],
  department: ["Confira o nome do setor.", "Check the department's name."],
  later: ["Espere um momento e tente de novo.", "Wait a moment and try again."],
  connection: ["Confira a rede e tente de novo.", "Check the network and try again."],
  permission: [
    "Permita a câmera nas configurações do navegador para este endereço e tente de novo.",
    "Allow the camera for this address in the browser's settings and try again.",
  ],
  camera: [
    "Ligue uma câmera, feche outros programas que a usam e tente de novo.",
    "Connect a camera, close other programs that use it and try again.",
  ],
  https: ["Abra esta página com https://.", "Open this page with https://."],
};

const FAULTS = {
  refused: ["A câmera não foi permitida", "The camera was not allowed"],
  absent: ["Nenhuma câmera disponível", "No camera available"],
  stopped: ["A câmera parou", "The camera stopped"],
  insecure: ["O navegador só abre a câmera em páginas seguras", "The browser opens the camera on secure pages only"],
  lost: ["A conexão caiu", "The connection was lost"],
};

const NOTES = {
  department: ["Informe o seu setor", "Enter your department"],
  camera: ["Permita o uso da câmera", "Allow the use of the camera"],
  connecting: ["Conectando…", "Connecting…"],
  queued: ["Muitas pessoas entrando agora: aguarde", "Many people are signing in: please wait"],
  username: ["Informe o usuário e a senha", "Enter your username and password"],
  secret: ["Rosto reconhecido: agora a senha", "Face recognised: now your password"],
  typing: ["Entre com o usuário e a senha", "Sign in with your username and password"],
  verifying: ["Conferindo a senha…", "Checking your password…"],
  cancelled: ["Tentativa cancelada", "Attempt cancelled"],
  opened: ["Sessão aberta", "Session opened"],
};

// What is asked for, rather than what is wrong: said louder.
const MOVEMENTS = new Set(["turn_left", "turn_right", "look_up", "look_down", "blink", "come_closer"]);

const SUBPROTOCOL = "faceauth.v1";
// Before each picture: "FA01", when it was taken (ms, 64 bits), flags (32 bits, none).
const HEADER_BYTES = 16;
const MAGIC = 0x46413031;
const FRAMES_PER_SECOND = 9;
const LONG_SIDE_PX = 1280;
const SHORT_SIDE_PX = 720;
const JPEG_QUALITY = 0.85;
const MAX_BUFFERED_BYTES = 256 * 1024;
const MAX_QUEUE_TRIES = 10;
const CLOSED_DEPARTMENT = 4403;
const CLOSED_BUSY = 4503;
const PASSWORD_TIMEOUT_MS = 60_000;
// What to do about a refused password; anything else: what the face would be told.
const AFTER_PASSWORD = {
  wrong_password: NEXT.retype,
  invalid_input: NEXT.retype,
  password_change_required: NEXT.renew,
  password_rejected: NEXT.renew,
  face_required: NEXT.face,
  invalid_ticket: NEXT.face,
  department_unknown: NEXT.department,
  passwords_off: NEXT.contact_admin,
  passwords_elsewhere: NEXT.contact_admin,
};

const [preview, progress, message, form, department, enter, cancel, byPassword] = [
  "preview", "progress", "message", "form", "department", "enter", "cancel", "by-password",
].map((id) => document.getElementById(id));
const [secret, username, password, renewal, newPassword, send, byFace] = [
  "secret", "username", "password", "renewal", "new-password", "send", "by-face",
].map((id) => document.getElementById(id));

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function say(mood, ...pairs) {
  message.dataset.mood = mood;
  message.replaceChildren(...pairs.map(([portuguese, english]) => {
    const line = document.createElement("p");
    line.append(portuguese);
    if (english) {
      const translation = document.createElement("span");
      translation.className = "en";
      translation.lang = "en";
      translation.textContent = english;
      line.append(" ", translation);
    }
    return line;
  }));
}

function header(takenMs) {
  const view = new DataView(new ArrayBuffer(HEADER_BYTES));
  view.setUint32(0, MAGIC);
  view.setBigUint64(4, BigInt(takenMs));
  return view.buffer;
}

function show(state) {
  document.body.dataset.state = state;
}

function opened({ session }) {
  const until = new Date(session.expires_at);
  const time = (language) => until.toLocaleString(language, { dateStyle: "short", timeStyle: "short" });
  return [
    NOTES.opened,
    [`${session.display_name} · ${session.department}`],
    [`Até ${time("pt-BR")}`, `Until ${time("en-GB")}`],
  ];
}

class SignIn {
  constructor(place) {
    this.place = place;
    this.attemptId = null;
    this.ended = false;
    this.socket = null;
    this.camera = null;
    this.canvas = document.createElement("canvas");
    this.retryAfterMs = null;
    this.triesLeft = MAX_QUEUE_TRIES;
    this.proof = null;
    this.signing = false;
  }

  async start() {
    show("opening");
    cancel.focus();
    say("", NOTES.camera);
    progress.value = 0;
    if (!navigator.mediaDevices) {
      this.end("bad", FAULTS.insecure, NEXT.https);
      return;
    }
    try {
      this.camera = await navigator.mediaDevices.getUserMedia({
        audio: false,
        video: { facingMode: "user", width: { ideal: LONG_SIDE_PX }, height: { ideal: SHORT_SIDE_PX } },
      });
      if (this.ended) {
        this.stopCamera();
        return;
      }
      this.camera.getVideoTracks()[0].addEventListener("ended", () => this.end("bad", FAULTS.stopped, NEXT.camera));
      preview.srcObject = this.camera;
      await preview.play();
    } catch (error) {
      const refused = error.name === "NotAllowedError" || error.name === "SecurityError";
      this.end("bad", refused ? FAULTS.refused : FAULTS.absent, refused ? NEXT.permission : NEXT.camera);
      return;
    }
    this.connect();
  }

  connect() {
    if (this.ended) return;
    show("running");
    say("", NOTES.connecting);
    const origin = location.origin.replace(/^http/, "ws");
    this.socket = new WebSocket(`${origin}/face-auth/${encodeURIComponent(this.place)}`, SUBPROTOCOL);
    this.socket.addEventListener("message", (event) => this.take(JSON.parse(event.data)));
    this.socket.addEventListener("close", (event) => this.closed(event.code));
  }

  take(said) {
    if (this.ended) return;
    if (said.type === "hello") {
      this.attemptId = said.attempt_id;
      this.greet(said);
    } else if (said.type === "sign") this.sign(said.count);
    else if (said.type === "queued") this.retryAfterMs = said.retry_after_ms;
    else if (said.type === "guidance") say(MOVEMENTS.has(said.code) ? "ask" : "", GUIDANCE[said.code] ?? GUIDANCE.hold_still);
    else if (said.type === "progress") this.advance(said.step, said.of);
    else if (said.type === "result") this.finish(said);
  }

  async greet(hello) {
    this.proof = await DeviceProof.begin(this.place, hello);
    if (this.ended) return;
    if (this.proof) this.socket.send(JSON.stringify(this.proof.announcement()));
    this.stream(Math.min(FRAMES_PER_SECOND, hello.max_fps));
  }

  // What would be sent from now on counts no more.
  async sign(count) {
    this.signing = true;
    const answer = await this.proof.answer(count);
    if (!this.ended) this.socket.send(JSON.stringify(answer));
  }

  advance(step, of) {
    progress.max = of;
    progress.value = step;
  }

  finish(result) {
    if (result.success) {
      this.end("good", ...opened(result));
    } else if (result.ticket) {
      this.end("ask", NOTES.secret);
      askPassword({ ticket: result.ticket });
    } else {
      this.end("bad", REFUSALS[result.code] ?? REFUSED, NEXT[result.next] ?? NEXT.retry);
      if (result.fallback === "password") {
        askPassword({ attempt_id: this.attemptId });
        if (result.next === "retry") byFace.focus();
      }
    }
  }

  async closed(code) {
    if (this.ended) return;
    if (this.retryAfterMs !== null && this.triesLeft > 0) {
      this.triesLeft -= 1;
      say("", NOTES.queued);
      const pauseMs = this.retryAfterMs;
      this.retryAfterMs = null;
      await sleep(pauseMs);
      this.connect();
    } else if (code === CLOSED_DEPARTMENT) {
      this.end("bad", REFUSALS.department_unknown, NEXT.department);
    } else if (code === CLOSED_BUSY) {
      this.end("bad", REFUSALS.busy, NEXT.later);
    } else {
      this.end("bad", FAULTS.lost, NEXT.connection);
    }
  }

  async stream(perSecond) {
    const pauseMs = 1000 / perSecond;
    while (!this.ended && !this.signing) {
      const begun = performance.now();
      // A slow network gets fewer frames, not older ones.
      if (this.socket.bufferedAmount < MAX_BUFFERED_BYTES) {
        const takenMs = Math.round(performance.timeOrigin + performance.now());
        const frame = await this.frame();
        if (frame !== null) await this.sendFrame(new Blob([header(takenMs), frame]));
      }
      await sleep(Math.max(0, pauseMs - (performance.now() - begun)));
    }
  }

  async sendFrame(blob) {
    const bytes = this.proof ? await blob.arrayBuffer() : blob;
    // In the chain before it is sent: it may be asked for as soon as it has arrived.
    const link = await this.proof?.link(bytes);
    if (this.ended || this.signing || this.socket.readyState !== WebSocket.OPEN) return;
    this.proof?.add(link);
    this.socket.send(bytes);
  }

  frame() {
    const { videoWidth: width, videoHeight: height } = preview;
    if (!width || !height) return null;
    const scale = Math.min(1, LONG_SIDE_PX / Math.max(width, height), SHORT_SIDE_PX / Math.min(width, height));
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    // What is sent is what the camera sees; only the preview is mirrored.
    this.canvas.getContext("2d").drawImage(preview, 0, 0, this.canvas.width, this.canvas.height);
    return new Promise((resolve) => this.canvas.toBlob(resolve, "image/jpeg", JPEG_QUALITY));
  }

  cancel() {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ type: "cancel" }));
    this.end("", NOTES.cancelled);
  }

  end(mood, ...pairs) {
    if (this.ended) return;
    this.ended = true;
    this.socket?.close();
    this.stopCamera();
    this.canvas.width = this.canvas.height = 0;
    show("idle");
    say(mood, ...pairs);
    enter.focus();
  }

  stopCamera() {
    this.camera?.getTracks().forEach((track) => track.stop());
    if (preview.srcObject === this.camera) preview.srcObject = null;
  }
}

// What a password goes on with: the attempt whose face was refused, or the ticket of a face that was accepted.
let pending = {};

function askPassword(goesOnWith) {
  pending = goesOnWith;
  document.body.toggleAttribute("data-ticket", Boolean(pending.ticket));
  renewal.hidden = true;
  forgetPasswords();
  show("password");
  (pending.ticket || username.value ? password : username).focus();
}

function forgetPasswords() {
  password.value = newPassword.value = "";
}

function leavePassword(mood, ...pairs) {
  pending = {};
  document.body.removeAttribute("data-ticket");
  forgetPasswords();
  show("idle");
  say(mood, ...pairs);
  enter.focus();
}

async function post(body) {
  const answer = await fetch("/face-auth/password", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    cache: "no-store",
    credentials: "omit",
    redirect: "error",
    signal: AbortSignal.timeout(PASSWORD_TIMEOUT_MS),
  });
  return answer.json();
}

async function sendPassword() {
  const place = department.value.trim();
  const who = pending.ticket ? {} : { username: username.value };
  if (!place || !password.value || (!pending.ticket && !username.value.trim())) {
    say("bad", place ? NOTES.username : NOTES.department);
    (place ? (pending.ticket || username.value.trim() ? password : username) : department).focus();
    return;
  }
  const renewed = newPassword.value ? { new_password: newPassword.value } : {};
  send.disabled = true;
  say("", NOTES.verifying);
  try {
    const said = await post({ ...pending, ...who, ...renewed, department: place, password: password.value });
    if (said.success) leavePassword("good", ...opened(said));
    else refusePassword(said);
  } catch {
    say("bad", FAULTS.lost, NEXT.connection);
    password.focus();
  } finally {
    send.disabled = false;
  }
}

function refusePassword({ code }) {
  const words = [REFUSALS[code] ?? REFUSED, AFTER_PASSWORD[code] ?? NEXT.later];
  if (code === "invalid_ticket" || code === "face_required" || code === "passwords_off") {
    leavePassword("bad", ...words);
    return;
  }
  say("bad", ...words);
  if (code === "password_change_required" || code === "password_rejected") {
    renewal.hidden = false;
    newPassword.value = "";
    newPassword.focus();
  } else {
    forgetPasswords();
    password.focus();
  }
}

let attempt = null;

department.value = new URLSearchParams(location.search).get("department") ?? "";

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (document.body.dataset.state === "password") {
    secret.requestSubmit();
    return;
  }
  const place = department.value.trim();
  if (!place) {
    say("bad", NOTES.department);
    department.focus();
    return;
  }
  attempt = new SignIn(place);
  attempt.start();
});
secret.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!send.disabled) sendPassword();
});
byPassword.addEventListener("click", () => {
  askPassword({});
  say("", NOTES.typing);
  if (!department.value.trim()) department.focus();
});
byFace.addEventListener("click", () => {
  leavePassword("");
  form.requestSubmit();
});
cancel.addEventListener("click", () => attempt?.cancel());
addEventListener("pagehide", () => {
  attempt?.cancel();
  forgetPasswords();
});
