/**
 * A body of lines on its way to the server, with how far it has got and a way to call it off. By
 * XMLHttpRequest, because fetch tells nothing of what has been sent.
 */
export interface Upload {
  lines: Blob;
  /** How many bytes are on their way. */
  onProgress(sent: number): void;
  signal: AbortSignal;
}

/** Answers as fetch would; rejects when it was called off or no answer came. */
export const sendLines = (
  address: string,
  method: string,
  headers: Headers,
  { lines, onProgress, signal }: Upload,
): Promise<Response> =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, address);
    headers.forEach((value, name) => request.setRequestHeader(name, value));
    request.setRequestHeader("Content-Type", "text/plain; charset=utf-8");
    request.upload.onprogress = ({ loaded }) => onProgress(loaded);
    request.onload = () => resolve(readResponse(request));
    request.onerror = () => reject(new TypeError("no answer came"));
    request.onabort = () => reject(new TypeError("called off"));
    if (signal.aborted) return reject(new TypeError("called off"));
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(lines);
  });

const readResponse = (request: XMLHttpRequest): Response => {
  const headers = new Headers();
  for (const name of ["Content-Type", "Retry-After"]) {
    const value = request.getResponseHeader(name);
    if (value) headers.set(name, value);
  }
  return new Response(request.responseText, { status: request.status, headers });
};
