import { ApiError } from "./http";

/** Posts a form and reports progress, 0 to 1, which `fetch` cannot. */
export function upload<T>(url: string, form: FormData, onProgress: (share: number) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.responseType = "json";
    request.setRequestHeader("Accept", "application/json");
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    };
    request.onerror = () => reject(new ApiError("The upload was cut off.", 0));
    request.onload = () => {
      const body = request.response as { detail?: unknown } | null;
      if (request.status < 400) resolve(body as T);
      else
        reject(
          new ApiError(typeof body?.detail === "string" ? body.detail : "The upload failed.", request.status, body),
        );
    };
    request.send(form);
  });
}
