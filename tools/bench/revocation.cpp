// Introspections that still say active although the answer to the revocation has been read: there must be none.

#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

#include "tools/bench/benchmarks.h"
#include "tools/bench/served.h"

namespace countersign::bench {
namespace {

constexpr std::size_t gateways = 4, threads = 4;
constexpr std::string_view form = "application/x-www-form-urlencoded";

/// Looks from several connections, so that threads of the server that did not revoke are asked too.
std::size_t stale_reads(const Served& served, std::size_t first, std::atomic<std::size_t>& asked) {
  std::vector<std::unique_ptr<HttpClient>> clients;
  for (std::size_t i = 0; i < gateways; ++i) clients.push_back(served.client());
  const auto revoker = served.client();
  const auto active = [&](HttpClient& client, const std::string& token) {
    const auto reply = client.post("/oauth2/introspect", served.gateway_key(), "token=" + token, form);
    if (reply.status != 200) throw std::runtime_error("introspection answered " + std::to_string(reply.status));
    return reply.body.find(R"("active":true)") != std::string::npos;
  };
  std::size_t stale = 0;
  for (std::size_t i = first; i < served.tokens().size(); i += threads) {
    const auto& token = served.tokens()[i];
    for (auto& client : clients)
      if (!active(*client, token)) throw std::runtime_error("a token is not active before its revocation");
    if (revoker->post("/oauth2/revoke", "", "token=" + token, form).status != 200)
      throw std::runtime_error("a revocation was refused");
    for (auto& client : clients) stale += active(*client, token);
    asked += gateways;
  }
  return stale;
}

}  // namespace

std::vector<Result> revocation_stale_reads(const Plan& plan) {
  const Scratch scratch(plan);
  Served served(plan, scratch.path(), 0, {});
  served.add_users(plan.quick ? 1'000 : 8'000);
  served.redeem(served.download_codes());
  std::atomic<std::size_t> stale{0}, asked{0};
  std::exception_ptr thrown;
  std::mutex mutex;
  {
    std::vector<std::jthread> running;
    for (std::size_t i = 0; i < threads; ++i)
      running.emplace_back([&, i] {
        try {
          stale += stale_reads(served, i, asked);
        } catch (...) {
          const std::lock_guard lock(mutex);
          thrown = std::current_exception();
        }
      });
  }
  if (thrown) std::rethrow_exception(thrown);
  say("revocation_stale_reads: asked " + std::to_string(asked) + " times right after a revocation");
  return {{.name = "revocation_stale_reads",
           .value = static_cast<double>(stale),
           .unit = "stale",
           .goal = 0,
           .higher_is_better = false}};
}

}  // namespace countersign::bench
