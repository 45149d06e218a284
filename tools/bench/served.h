#pragma once
// A countersignd of our own, filled through its HTTP API: an account, users with a code each, and what the benchmarks
// then send.

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tools/bench/child.h"
#include "tools/bench/http_client.h"
#include "tools/bench/measure.h"

namespace countersign::bench {

class Served {
 public:
  /// `threads`: for connections; 0: the server's default.
  Served(const Plan& plan, const std::filesystem::path& directory, unsigned threads, std::optional<int> cpu);

  /// Imports `count` users, generates a code for each; seconds that each took, end to end.
  struct Took {
    double import_s = 0, generate_s = 0;
  };
  Took add_users(std::size_t count);
  /// TOTP authenticators that are active, for so many users of their own.
  struct Device {
    std::string user, id, seed;
  };
  std::vector<Device> add_devices(std::size_t count);
  /// The text of every open code.
  std::vector<std::string> download_codes();
  /// Redeems codes and keeps the tokens and the ids of users that come back.
  void redeem(const std::vector<std::string>& codes);

  std::vector<std::string> redeem_requests(const std::vector<std::string>& codes) const;
  /// Of the time step that is now.
  std::vector<std::string> verify_requests(std::span<const Device> devices) const;
  std::vector<std::string> introspect_requests() const;
  std::vector<std::string> user_requests() const;

  const std::vector<std::string>& tokens() const { return tokens_; }
  const std::string& admin_key() const { return admin_key_; }
  const std::string& gateway_key() const { return gateway_key_; }
  std::uint16_t port() const { return port_; }
  std::unique_ptr<HttpClient> client() const { return std::make_unique<HttpClient>(port_); }
  std::uint64_t resident_bytes() const { return child_->resident_bytes(); }
  /// Stops the server and starts it again; seconds from its start until it serves.
  double restart();

 private:
  void start();
  void wait_for(const std::string& operation);
  double import_users(std::size_t count);
  std::vector<std::string> users_without_mfa() const;

  const Plan& plan_;
  std::filesystem::path directory_;
  unsigned threads_;
  std::optional<int> cpu_;
  std::unique_ptr<Child> child_;
  std::uint16_t port_ = 0;
  std::string admin_key_, gateway_key_;
  std::vector<std::string> tokens_, users_;
  std::size_t imported_ = 0;
};

}  // namespace countersign::bench
