#include "adapters/push/trust.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <boost/asio/buffer.hpp>

namespace countersign::push {
namespace ssl = boost::asio::ssl;

std::shared_ptr<ssl::context> trust_of(const Receiver& receiver) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
  SSL_CTX* const native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  // A key under a passphrase would make OpenSSL ask on a terminal.
  context->set_password_callback([](std::size_t, ssl::context::password_purpose) { return std::string(); });
  boost::system::error_code error;
  if (receiver.authorities.empty())
    context->set_default_verify_paths(error);
  else
    context->add_certificate_authority(boost::asio::buffer(receiver.authorities), error);
  if (error) throw ReceiverFlaw{"authorities", "certificates in PEM are expected: " + error.message()};
  context->set_verify_mode(ssl::verify_peer);
  if (!receiver.client_certificate.empty()) {
    context->use_certificate_chain(boost::asio::buffer(receiver.client_certificate), error);
    if (error) throw ReceiverFlaw{"client_certificate", "a certificate in PEM is expected: " + error.message()};
  }
  if (!receiver.client_key.empty()) {
    // Nothing of what was in it is repeated.
    context->use_private_key(boost::asio::buffer(receiver.client_key), ssl::context::pem, error);
    if (error || SSL_CTX_check_private_key(native) != 1)
      throw ReceiverFlaw{"client_key", "the client certificate's private key, in PEM without passphrase, is expected"};
  }
  ERR_clear_error();
  return context;
}

std::string handshake_failure(SSL* connection, const boost::system::error_code& error) {
  const long verified = SSL_get_verify_result(connection);
  if (verified == X509_V_OK) return "TLS: " + error.message();
  return std::string("TLS: the receiver's certificate is not trusted: ") + X509_verify_cert_error_string(verified);
}

}  // namespace countersign::push
