#include "adapters/cluster/authority.h"

#include <openssl/x509v3.h>

#include <stdexcept>

#include "adapters/cluster/node_uri.h"
#include "adapters/keys/hkdf.h"
#include "adapters/keys/random.h"

namespace countersign::cluster {
namespace {

void require(bool done) {
  if (!done) throw std::runtime_error("a certificate of the cluster can't be made: OpenSSL failed");
}

/// `value` in the words of OpenSSL's configuration files (x509v3_config).
void extend(X509* certificate, int what, const std::string& value) {
  const keys::OpenSslPointer<X509_EXTENSION, X509_EXTENSION_free> extension(
      X509V3_EXT_conf_nid(nullptr, nullptr, what, value.c_str()));
  require(extension && X509_add_ext(certificate, extension.get(), -1) == 1);
}

void set_name(X509_NAME* name, std::string_view text) {
  require(X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                     reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()),
                                     -1, 0) == 1);
}

void set_serial(X509* certificate) {
  auto bytes = keys::random_bytes<16>();
  bytes[0] = (bytes[0] & 0x7f) | 0x40;  // positive, and of one length (RFC 5280, section 4.1.2.2)
  const keys::OpenSslPointer<BIGNUM, BN_free> number(BN_bin2bn(bytes.data(), bytes.size(), nullptr));
  require(number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr);
}

}  // namespace

Authority::Authority(const keys::Key& log_key) : certificate_(X509_new()) {
  const auto seed = keys::hkdf_expand(log_key, "countersign cluster authority", "");
  key_.reset(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), keys::Key::size_bytes));
  X509* const made = certificate_.get();
  require(
      key_ && made && X509_set_version(made, X509_VERSION_3) == 1 &&
      ASN1_INTEGER_set(X509_get_serialNumber(made), 1) == 1 && ASN1_TIME_set(X509_getm_notBefore(made), 0) != nullptr &&
      // No end (RFC 5280, section 4.1.2.5): it lasts as long as the key that it follows from.
      ASN1_TIME_set_string(X509_getm_notAfter(made), "99991231235959Z") == 1 && X509_set_pubkey(made, key_.get()) == 1);
  set_name(X509_get_subject_name(made), "Countersign cluster");
  require(X509_set_issuer_name(made, X509_get_subject_name(made)) == 1);
  extend(made, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  extend(made, NID_key_usage, "critical,keyCertSign");
  require(X509_sign(made, key_.get(), nullptr) > 0);
}

Certified Authority::certify(std::string_view node, WallTime from, WallTime until) const {
  Certified made{X509Pointer(X509_new()), PkeyPointer(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"))};
  X509* const certificate = made.certificate.get();
  const auto seconds = [](WallTime time) { return std::chrono::system_clock::to_time_t(time); };
  require(certificate && made.key && X509_set_version(certificate, X509_VERSION_3) == 1 &&
          ASN1_TIME_set(X509_getm_notBefore(certificate), seconds(from)) != nullptr &&
          ASN1_TIME_set(X509_getm_notAfter(certificate), seconds(until)) != nullptr &&
          X509_set_pubkey(certificate, made.key.get()) == 1 &&
          X509_set_issuer_name(certificate, X509_get_subject_name(certificate_.get())) == 1);
  set_serial(certificate);
  set_name(X509_get_subject_name(certificate), "Countersign node");
  extend(certificate, NID_basic_constraints, "critical,CA:FALSE");
  extend(certificate, NID_key_usage, "critical,digitalSignature");
  extend(certificate, NID_ext_key_usage, "serverAuth,clientAuth");
  extend(certificate, NID_subject_alt_name, "URI:" + node_uri(node));
  require(X509_sign(certificate, key_.get(), nullptr) > 0);
  return made;
}

}  // namespace countersign::cluster
