#pragma once
// The route table: rows of (verb, path, operation, roles, handler) that a newcomer reads first, and how a request finds
// its row. Paths are templates: "/v1/users/{id}" has one parameter, "/files/{rest*}" takes all that remains. A literal
// segment goes before a parameter. Slashes count: "/v1/users/" is another path than "/v1/users".

#include <array>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/http/server/response.h"
#include "adapters/http/server/verb.h"

namespace countersign::http {

class Exchange;

/// For answers that are ready at once: no coroutine is made. Must not block.
using AnswerNow = std::function<Response(Exchange&)>;
/// For answers that have to wait for something. What it returns is ignored once it has begun a streamed answer.
using AnswerLater = std::function<boost::asio::awaitable<Response>(Exchange&)>;

struct Route {
  Verb verb = Verb::get;
  std::string path;
  std::string operation;                                    ///< the operationId in the API's description
  std::uint32_t roles = 0;                                  ///< bit mask, meaningless here
  std::vector<std::string> query;                           ///< the parameters it knows
  AnswerNow now;                                            ///< this,
  AnswerLater later;                                        ///< this,
  std::function<bool(const Exchange&)> must_wait;           ///< or both, and this tells when it is later()
  std::vector<std::string> accepts = {"application/json"};  ///< media types of a body; empty: any
  std::uint64_t max_body_bytes = 1 << 20;
  bool streams_request = false;  ///< the handler pulls the body
  bool streams_answer = false;   ///< the handler may begin() an answer of unknown length; so HEAD is refused
};

class Router {
 public:
  static constexpr std::size_t max_parameters = 8;
  static constexpr std::size_t max_segments = 24;

  struct Match {
    const Route* route = nullptr;  ///< none: unknown path, or `allow` says which verbs it has
    std::string allow;
    std::array<std::string_view, max_parameters> parameters;
    std::size_t parameter_count = 0;
    bool malformed = false;  ///< broken percent-encoding, or not UTF-8
    std::string decoded;     ///< what parameters point into when the path has percent-encoding
  };

  /// Throws std::logic_error for two rows with the same verb and path, and for rows whose handlers aren't as above.
  explicit Router(std::vector<Route> routes);
  ~Router();

  /// HEAD finds GET's row. `path` must outlive `match`.
  void find(Verb verb, std::string_view path, Match& match) const;
  const std::vector<Route>& routes() const { return routes_; }

 private:
  struct Node;
  void add(const Route& route);

  const std::vector<Route> routes_;
  std::unique_ptr<Node> root_;
};

}  // namespace countersign::http
