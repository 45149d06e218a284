#include "adapters/keys/key_thumbprint.h"

#include <gtest/gtest.h>

#include "adapters/keys/rfc4648.h"

namespace countersign::keys {
namespace {

std::string thumbprint(std::string_view pem) {
  const auto digest = key_thumbprint(pem);
  return digest ? base64url(domain::view(*digest)) : "";
}

// RFC 8037, appendix A
constexpr auto ed25519 =
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
    "-----END PUBLIC KEY-----\n";
// RFC 7638, 3.1
constexpr auto rsa =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA0vx7agoebGcQSuuPiLJX\n"
    "ZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tS\n"
    "oc/BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ/2W+5JsGY4Hc5n9yBXArwl93lqt\n"
    "7/RN5w6Cf0h4QyQ5v+65YGjQR0/FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0\n"
    "zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt+bFTWhAI4vMQFh6WeZu0f\n"
    "M4lFd2NcRwr3XPksINHaQ+G/xBniIqbw0Ls1jF44+csFCur+kEgU8awapJzKnqDK\n"
    "gwIDAQAB\n"
    "-----END PUBLIC KEY-----\n";
// RFC 7515, appendix A.3.1
constexpr auto p256 =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7\n"
    "6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n"
    "-----END PUBLIC KEY-----\n";
constexpr auto rsa_1024 =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDVGCAHrxyCvjiXh6JGVyvBIZkg\n"
    "B8cNkCe3cSlZ0+mA2Ep9cKgyaDRxGh0YPO2khwzr5sRqT//22ha1Rc9w/pMZUmbU\n"
    "4SS5nRb3D8BiAAWQTKSWjNxMRzGZ0Uq3V4z8PcOkEHJ5NS7BukiTa631P3tA5sxy\n"
    "Mq5b9v0BmBVcEozpuwIDAQAB\n"
    "-----END PUBLIC KEY-----\n";
constexpr auto secp256k1 =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEw+Zt1E/Ugs0RZvl72f0nPjNxolt3ZnBN\n"
    "jENSFYkDbGm/Q0TwkczK94zdIKHzrBQHAmESyQxIuM/S08HmnOUcWA==\n"
    "-----END PUBLIC KEY-----\n";

TEST(KeyThumbprint, IsWhatTheStandardsSay) {
  EXPECT_EQ(thumbprint(ed25519), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
  EXPECT_EQ(thumbprint(rsa), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
  EXPECT_EQ(thumbprint(p256), "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
}

TEST(KeyThumbprint, IsOfKnownKindsOfKeysOnly) {
  EXPECT_EQ(thumbprint(rsa_1024), "");
  EXPECT_EQ(thumbprint(secp256k1), "");
}

TEST(KeyThumbprint, OfWhatIsNoPublicKeyIsNone) {
  const std::string whole = p256;
  for (const std::string& text : {std::string(), std::string("key"), whole.substr(0, 100), whole.substr(28),
                                  std::string("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")})
    EXPECT_FALSE(key_thumbprint(text)) << text;
}

}  // namespace
}  // namespace countersign::keys
