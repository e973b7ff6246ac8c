export type TlsProblem = 'unknown_authority' | 'other_name' | 'not_valid_now' | 'own_certificate' | 'no_tls';

/** OpenSSL's reasons not to trust a certificate, by Node's names (Node.js, "X509 certificate error codes"). */
const UNKNOWN_AUTHORITY =
  /^(UNABLE_TO_(VERIFY|GET_ISSUER|DECODE_ISSUER)\w*|SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|CERT_(UNTRUSTED|SIGNATURE_FAILURE|REJECTED)|INVALID_CA)$/;
/** Alerts about the certificate of whoever connects, or that there is none (RFC 8446, 6.2). */
const OWN_CERTIFICATE =
  /^ERR_SSL_\w*ALERT_(BAD_CERTIFICATE|NO_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_\w+|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE)$/;
/** No TLS at all, or none that both sides speak. */
const NO_TLS =
  /^ERR_SSL_\w*(WRONG_VERSION_NUMBER|PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|PACKET_LENGTH_TOO_LONG)$/;

/** What the code of an error of a connection says of its certificates; undefined for what is no matter of TLS. */
export function tlsProblemOf(code: string, message: string): TlsProblem | undefined {
  if (UNKNOWN_AUTHORITY.test(code)) return 'unknown_authority';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'other_name';
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') return 'not_valid_now';
  if (OWN_CERTIFICATE.test(code)) return 'own_certificate';
  // EPROTO when it was seen at a write
  if (NO_TLS.test(code) || (code === 'EPROTO' && /wrong version number/.test(message))) return 'no_tls';
  return undefined;
}
