#include "adapters/http/server/tls.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <stdexcept>
#include <string_view>

namespace countersign::http {
namespace ssl = boost::asio::ssl;
namespace {

int select_http_1_1(SSL*, const unsigned char** chosen, unsigned char* chosen_size, const unsigned char* offered,
                    unsigned offered_size, void*) {
  constexpr std::string_view ours = "\x08http/1.1";
  const auto* const bytes = reinterpret_cast<const unsigned char*>(ours.data());
  const int result = SSL_select_next_proto(const_cast<unsigned char**>(chosen), chosen_size, bytes,
                                           static_cast<unsigned>(ours.size()), offered, offered_size);
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

}  // namespace

std::string verified_uri(const SSL* connection) {
  const X509* const certificate = SSL_get0_peer_certificate(connection);
  if (certificate == nullptr || SSL_get_verify_result(connection) != X509_V_OK) return {};
  const auto free = [](GENERAL_NAMES* names) { GENERAL_NAMES_free(names); };
  const std::unique_ptr<GENERAL_NAMES, decltype(free)> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)), free);
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    const auto* const text = name->d.uniformResourceIdentifier;
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
            static_cast<std::size_t>(ASN1_STRING_length(text))};
  }
  return {};
}

TlsCertificate::TlsCertificate(std::filesystem::path certificate_chain, std::filesystem::path private_key)
    : certificate_chain_(std::move(certificate_chain)), private_key_(std::move(private_key)), context_(load()) {}

std::shared_ptr<ssl::context> TlsCertificate::load() const {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX* const native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(native, &select_http_1_1, nullptr);
  boost::system::error_code error;
  context->use_certificate_chain_file(certificate_chain_.string(), error);
  if (error) throw std::runtime_error("TLS certificate " + certificate_chain_.string() + ": " + error.message());
  context->use_private_key_file(private_key_.string(), ssl::context::pem, error);
  if (error) throw std::runtime_error("TLS private key " + private_key_.string() + ": " + error.message());
  if (SSL_CTX_check_private_key(native) != 1) {
    throw std::runtime_error("TLS private key " + private_key_.string() + ": doesn't belong to the certificate " +
                             certificate_chain_.string());
  }
  return context;
}

std::shared_ptr<ssl::context> TlsCertificate::current() const {
  const std::lock_guard lock(mutex_);
  return context_;
}

std::optional<std::string> TlsCertificate::reload() {
  try {
    auto fresh = load();
    const std::lock_guard lock(mutex_);
    context_ = std::move(fresh);
    return std::nullopt;
  } catch (const std::exception& thrown) {
    return thrown.what();
  }
}

}  // namespace countersign::http
