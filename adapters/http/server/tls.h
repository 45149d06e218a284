#pragma once
// The server's certificate: TLS 1.2 at least, ALPN http/1.1, loaded from PEM files and loaded again while running. A
// reload that fails keeps the old certificate and says why.

#include <boost/asio/ssl/context.hpp>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace countersign::http {

class TlsCertificate {
 public:
  /// Throws std::runtime_error saying which file is wrong and why.
  TlsCertificate(std::filesystem::path certificate_chain, std::filesystem::path private_key);

  /// For new connections; those that exist keep theirs.
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
