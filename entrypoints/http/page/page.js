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
};
const REFUSED = ["Não foi possível entrar", "You could not be signed in"];

const NEXT = {
  retry: ["Tente de novo, de frente para a câmera e com boa luz.", "Try again, facing the camera, in good light."],
  password: [
    "Tente de novo ou entre com a senha, no sistema do hospital.",
    "Try again, or sign in with your password in the hospital's system.",
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

const [preview, progress, message, form, department, enter, cancel] = [
  "preview", "progress", "message", "form", "department", "enter", "cancel",
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

class SignIn {
  constructor(place) {
    this.place = place;
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
    if (said.type === "hello") this.greet(said);
    else if (said.type === "sign") this.sign(said.count);
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
    if (!result.success) {
      this.end("bad", REFUSALS[result.code] ?? REFUSED, NEXT[result.next] ?? NEXT.retry);
      return;
    }
    const until = new Date(result.session.expires_at);
    const time = (language) => until.toLocaleString(language, { dateStyle: "short", timeStyle: "short" });
    const { display_name: name, department: place } = result.session;
    this.end("good", NOTES.opened, [`${name} · ${place}`], [`Até ${time("pt-BR")}`, `Until ${time("en-GB")}`]);
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

let attempt = null;

department.value = new URLSearchParams(location.search).get("department") ?? "";

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const place = department.value.trim();
  if (!place) {
    say("bad", NOTES.department);
    department.focus();
    return;
  }
  attempt = new SignIn(place);
  attempt.start();
});
cancel.addEventListener("click", () => attempt?.cancel());
addEventListener("pagehide", () => attempt?.cancel());
