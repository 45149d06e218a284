#pragma once
// The server's certificate: TLS 1.2 at least, ALPN http/1.1, loaded from PEM files and loaded again while running. A
// reload that fails keeps the old certificate and says why. And what the other end's certificate says, where a server
// asks for one.

#include <boost/asio/ssl/context.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace countersign::http {

/// Gives each new connection its context; those that exist keep theirs. Called on a server's thread.
using TlsContexts = std::function<std::shared_ptr<boost::asio::ssl::context>()>;

/// The first URI that the other end's certificate names (subjectAltName, RFC 5280 section 4.2.1.6), if it has shown one
/// and it has been verified; else empty.
std::string verified_uri(const SSL* connection);

class TlsCertificate {
 public:
  /// Throws std::runtime_error saying which file is wrong and why.
  TlsCertificate(std::filesystem::path certificate_chain, std::filesystem::path private_key);

  std::shared_ptr<boost::asio::ssl::context> current() const;
  /// Nothing on success, else the reason.
  std::optional<std::string> reload();

 private:
  std::shared_ptr<boost::asio::ssl::context> load() const;

  const std::filesystem::path certificate_chain_, private_key_;
  mutable std::mutex mutex_;
  std::shared_ptr<boost::asio::ssl::context> context_;
};

}  // namespace countersign::http
