// Pairs this browser and signs what its camera sent (docs/device-protocol.md). The private key cannot be exported: the
// browser keeps it in IndexedDB, and no script, this one included, can read it. Texts are pairs: pt-BR, English.
"use strict";

const PAIRING = {
  none: ["Este aparelho não está pareado", "This device is not paired"],
  working: ["Pareando…", "Pairing…"],
  done: ["Aparelho pareado", "Device paired"],
  removed: [
    "Pareamento desfeito aqui. Peça à administração que revogue o aparelho.",
    "Un-paired here. Ask your administration to revoke the device.",
  ],
  pairing_refused: ["Código errado, usado ou vencido: peça outro", "The code is wrong, used or over: ask for another"],
  invalid_input: ["O código tem 10 letras e números", "A code has 10 letters and digits"],
  too_many_guesses: ["Tentativas demais: espere um minuto", "Too many tries: wait a minute"],
  failed: ["Não foi possível parear este aparelho", "This device could not be paired"],
};

const ECDSA = { name: "ECDSA", namedCurve: "P-256" };
const ECDSA_SHA256 = { name: "ECDSA", hash: "SHA-256" };
const CHAIN_PREFIX = "faceauth/frames/v1\n";
const ATTEMPT_PREFIX = "faceauth/attempt/v1\n";
const PAIRING_PREFIX = "faceauth/pairing/v1\n";
const DATABASE = "faceauth";
const STORE = "device";
const ONLY = 1;

const utf8 = (text) => new TextEncoder().encode(text);
const sha256 = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", joined(...parts)));

function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.byteLength, 0));
  let place = 0;
  for (const part of parts) {
    whole.set(new Uint8Array(part), place);
    place += part.byteLength;
  }
  return whole.buffer;
}

function number(value, bytes) {
  const view = new DataView(new ArrayBuffer(bytes));
  if (bytes === 2) view.setUint16(0, value);
  else view.setUint32(0, value);
  return view.buffer;
}

function webBase64(buffer) {
  const text = btoa(String.fromCharCode(...new Uint8Array(buffer)));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

const uuidBytes = (uuid) => Uint8Array.from(uuid.replaceAll("-", "").match(/../g), (pair) => parseInt(pair, 16));

// One record at most: this browser's device.
async function kept(mode, act) {
  const database = await settled(indexedDB.open(DATABASE, 1), (request) => {
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  });
  try {
    return await settled(act(database.transaction(STORE, mode).objectStore(STORE)));
  } finally {
    database.close();
  }
}

function settled(request, prepare = () => {}) {
  return new Promise((resolve, reject) => {
    prepare(request);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

const thisDevice = () => kept("readonly", (store) => store.get(ONLY)).catch(() => undefined);
const keep = (device) => kept("readwrite", (store) => store.put(device, ONLY));
const forget = () => kept("readwrite", (store) => store.delete(ONLY));

class DeviceProof {
  // Returns null where this browser is not paired to that department.
  static async begin(place, hello) {
    const device = await thisDevice();
    if (device === undefined || device.department !== place) return null;
    const nonce = utf8(hello.nonce);
    const binding = joined(uuidBytes(hello.attempt_id), number(nonce.byteLength, 2), nonce);
    return new DeviceProof(device, binding, await sha256(utf8(CHAIN_PREFIX), binding));
  }

  constructor(device, binding, head) {
    this.device = device;
    this.binding = binding;
    this.heads = [head];
  }

  announcement() {
    return { type: "device", device_id: this.device.device_id };
  }

  async link(message) {
    return sha256(this.heads.at(-1), await sha256(message));
  }

  add(head) {
    this.heads.push(head);
  }

  async answer(count) {
    const statement = joined(utf8(ATTEMPT_PREFIX), this.binding, number(count, 4), this.heads[count]);
    const signature = await crypto.subtle.sign(ECDSA_SHA256, this.device.key, statement);
    return { ...this.announcement(), signature: webBase64(signature) };
  }
}

// As it was made, however it was typed: no I, L, O or U is in a code.
const plainCode = (text) =>
  text.toUpperCase().replaceAll(/[-\s]/g, "").replaceAll("O", "0").replaceAll(/[IL]/g, "1");

async function pairThisDevice(typed) {
  const code = plainCode(typed);
  const pair = await crypto.subtle.generateKey(ECDSA, false, ["sign"]);
  const { crv, kty, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  // RFC 7638: these members in this order, nothing between them.
  const thumbprint = await sha256(utf8(JSON.stringify({ crv, kty, x, y })));
  const proof = await crypto.subtle.sign(ECDSA_SHA256, pair.privateKey, joined(utf8(PAIRING_PREFIX), utf8(code), thumbprint));
  const response = await fetch("/face-auth/devices/pair", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ code, public_jwk: { crv, kty, x, y }, proof: webBase64(proof) }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.code);
  await keep({ ...answer, key: pair.privateKey });
}

const [paired, pairForm, codeField, unpair] = ["paired", "pair", "code", "unpair"].map((id) => document.getElementById(id));

async function showPairing([portuguese, english]) {
  const device = await thisDevice();
  pairForm.hidden = device !== undefined;
  unpair.hidden = device === undefined;
  const translation = document.createElement("span");
  translation.className = "en";
  translation.lang = "en";
  translation.textContent = english;
  paired.replaceChildren(portuguese, " ", translation, device ? ` · ${device.label} · ${device.department}` : "");
  if (device) document.getElementById("department").value ||= device.department;
}

pairForm.addEventListener("submit", async (event) => {
  event.preventDefault();
  await showPairing(PAIRING.working);
  try {
    await pairThisDevice(codeField.value);
    codeField.value = "";
    await showPairing(PAIRING.done);
  } catch (error) {
    await showPairing(PAIRING[error.message] ?? PAIRING.failed);
  }
});

unpair.addEventListener("click", async () => {
  await forget();
  await showPairing(PAIRING.removed);
});

thisDevice().then((device) => showPairing(device ? PAIRING.done : PAIRING.none));
