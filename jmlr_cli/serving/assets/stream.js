// How the page talks to the server that it came from.

let token = "";

export function useToken(value) {
  token = value;
}

export class ServerError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

export async function get(path) {
  return (await answered(path, {})).json();
}

export async function post(path, body) {
  return (await answered(path, sending(body))).json();
}

// The deltas of an answer, as they come.
export async function* chat(body, signal) {
  const response = await answered("v1/chat/completions", { ...sending({ ...body, stream: true }), signal });
  for await (const data of events(response.body)) {
    if (data === "[DONE]") return;
    const value = JSON.parse(data);
    if (value.error) throw new ServerError(value.error.message, 200);
    yield value.choices[0].delta;
  }
  throw new ServerError("The connection was lost before the answer ended.", 0);
}

function sending(body) {
  return { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
}

async function answered(path, request) {
  const headers = { ...request.headers, ...(token ? { Authorization: `Bearer ${token}` } : {}) };
  let response;
  try {
    response = await fetch(path, { ...request, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServerError("The server cannot be reached.", 0);
  }
  if (response.ok) return response;
  const told = await response.json().catch(() => ({}));
  throw new ServerError(told.error?.message ?? `The server answered ${response.status}.`, response.status);
}

// The data of server-sent events, without comments.
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let pending = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (pending + value).split("\n\n");
    pending = parts.pop();
    for (const part of parts) if (part.startsWith("data: ")) yield part.slice(6);
  }
}
