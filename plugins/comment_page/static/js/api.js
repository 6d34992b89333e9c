// Calls the API. Addresses are relative to the page, so it works below any path.

const HEADERS = { "X-Requested-With": "comment-analysis" };

export class ApiError extends Error {
  constructor(status, body) {
    super(body?.detail ?? "");
    this.status = status;
    this.code = body?.code;
  }
}

export function address(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  const pairs = given.flatMap(([key, value]) => (Array.isArray(value) ? value : [value]).map((one) => [key, one]));
  const search = new URLSearchParams(pairs).toString();
  return new URL(`api/${path}${search ? `?${search}` : ""}`, document.baseURI).href;
}

export const job = (id, rest = "") => `runs/${encodeURIComponent(id)}${rest}`;

async function call(path, options, query) {
  let response;
  try {
    response = await fetch(address(path, query), { credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, null);
  }
  const body = await response.json().catch(() => null);
  if (!response.ok) throw new ApiError(response.status, body);
  return body;
}

export const get = (path, query, signal) => call(path, { signal }, query);

export const post = (path, body, headers = {}) =>
  call(path, {
    method: "POST",
    headers: { ...HEADERS, ...(body ? { "Content-Type": "application/json" } : {}), ...headers },
    body: body ? JSON.stringify(body) : undefined,
  });

// fetch does not tell how much was sent; XMLHttpRequest does.
export function upload(file, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", address("uploads", { name: file.name }));
    request.setRequestHeader("X-Requested-With", HEADERS["X-Requested-With"]);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => progress(event.loaded / (event.total || 1)));
    request.addEventListener("load", () =>
      request.status === 201 ? resolve(request.response) : reject(new ApiError(request.status, request.response)));
    request.addEventListener("error", () => reject(new ApiError(0, null)));
    request.send(file);
  });
}
