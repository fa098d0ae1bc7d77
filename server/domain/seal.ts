/**
 * Keeping private keys in Redis without trusting Redis with them: sealed under key material that only the nodes
 * have (TOKEN_KEY, or a file in DATA_DIR), bound to what they are for. HKDF (RFC 5869) and AES-256-GCM.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";

export interface Seal {
  seal(text: string, purpose: string): string;
  /** Throws when it was sealed under other key material or for another purpose. */
  open(sealed: string, purpose: string): string;
  /** A key of 32 bytes for one purpose. */
  derive(purpose: string): Buffer;
}

const cipher = "aes-256-gcm";
const nonceLength = 12;
const tagLength = 16;

export function createSeal(keyMaterial: string): Seal {
  const derive = (purpose: string): Buffer =>
    Buffer.from(hkdfSync("sha256", keyMaterial, "rollcall", purpose, 32));

  return {
    derive,

    seal(text, purpose) {
      const nonce = randomBytes(nonceLength);
      const encrypt = createCipheriv(cipher, derive(purpose), nonce);
      const parts = [nonce, encrypt.update(text, "utf8"), encrypt.final(), encrypt.getAuthTag()];
      return Buffer.concat(parts).toString("base64url");
    },

    open(sealed, purpose) {
      const bytes = Buffer.from(sealed, "base64url");
      const nonce = bytes.subarray(0, nonceLength);
      const decrypt = createDecipheriv(cipher, derive(purpose), nonce);
      decrypt.setAuthTag(bytes.subarray(-tagLength));
      const text = decrypt.update(bytes.subarray(nonceLength, -tagLength));
      return Buffer.concat([text, decrypt.final()]).toString("utf8");
    },
  };
}
