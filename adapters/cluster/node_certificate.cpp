#include "adapters/cluster/node_certificate.h"

#include <openssl/ssl.h>

#include <stdexcept>

namespace countersign::cluster {

namespace ssl = boost::asio::ssl;

NodeCertificate::NodeCertificate(const keys::Key& log_key, std::string node, std::function<WallTime()> clock)
    : authority_(log_key),
      node_(std::move(node)),
      clock_(clock ? std::move(clock) : [] { return std::chrono::system_clock::now(); }) {}

std::shared_ptr<ssl::context> NodeCertificate::current() {
  const auto now = clock_();
  const std::lock_guard lock(mutex_);
  // A clock that has been set back counts as well as one that has gone on.
  if (!context_ || now - made_at_ >= renewed_after || made_at_ - now >= renewed_after) {
    context_ = make(now);
    made_at_ = now;
  }
  return context_;
}

std::shared_ptr<ssl::context> NodeCertificate::make(WallTime now) const {
  const auto certified = authority_.certify(node_, now - good_for, now + good_for);
  auto context = std::make_shared<ssl::context>(ssl::context::tls);
  SSL_CTX* const native = context->native_handle();
  SSL_CTX_set_verify(native, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  if (SSL_CTX_set_min_proto_version(native, TLS1_3_VERSION) != 1 || SSL_CTX_set_num_tickets(native, 0) != 1 ||
      X509_STORE_add_cert(SSL_CTX_get_cert_store(native), authority_.certificate()) != 1 ||
      SSL_CTX_use_certificate(native, certified.certificate.get()) != 1 ||
      SSL_CTX_use_PrivateKey(native, certified.key.get()) != 1)
    throw std::runtime_error("TLS among nodes can't be set up: OpenSSL failed");
  return context;
}

}  // namespace countersign::cluster
