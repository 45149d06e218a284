#pragma once
// One client's connection: reads requests, finds their routes, runs their handlers one after the other, writes the
// answers; several pipelined requests are answered in one write. Template over the stream (plain, TLS), instantiated in
// connection.cpp only.
//
// Speed: one small read buffer, one reused output string, no timer and, for what can be answered at once, no coroutine
// but the connection's. Memory when idle: about 5 KiB, with TLS what OpenSSL needs on top.
// Concurrency: everything happens on the worker's thread.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <optional>

#include "adapters/http/server/body_reader.h"
#include "adapters/http/server/correlation_id.h"
#include "adapters/http/server/service.h"
#include "adapters/http/server/wire.h"

namespace countersign::http {

/// Takes over the accepted socket. `tls` outlives the connection.
void start_connection(PlainStream socket, Worker& worker, std::shared_ptr<Service> service,
                      std::shared_ptr<boost::asio::ssl::context> tls);

template <class Stream>
class Connection final : public SweptConnection, private ExchangeChannel {
 public:
  Connection(Stream stream, Worker& worker, std::shared_ptr<Service> service,
             std::shared_ptr<boost::asio::ssl::context> tls);
  ~Connection() override;

  boost::asio::awaitable<void> run();

  void sweep(Clock::time_point now) override;
  void begin_stop() override;
  void abort() override;

 private:
  template <class T>
  using awaitable = boost::asio::awaitable<T>;
  using error_code = boost::system::error_code;
  enum class Phase { idle, header, busy };
  enum class Header { incomplete, complete, refused, connection_ended };

  // Life of the connection.
  Header take_header();
  Header header_broke_off();
  Header take_request(error_code error);
  bool expect_header();
  bool serve_at_once();
  awaitable<void> serve();
  void begin_request();
  void end_request();

  // One exchange.
  std::optional<Response> find_route();
  std::optional<Response> check_body_promises() const;
  bool can_answer_now() const;
  Response answer_now();
  awaitable<Response> answer_later();
  void put_answer(const Response& response);
  void report(unsigned status, std::uint64_t bytes_out, bool complete);
  Response failed(std::string_view what);

  // Streamed bodies and answers.
  awaitable<boost::system::result<std::string_view>> read_some() override;
  awaitable<error_code> begin(Response head) override;
  awaitable<error_code> write(std::string_view bytes) override;
  awaitable<error_code> end() override;

  std::shared_ptr<Service> service_;
  std::shared_ptr<boost::asio::ssl::context> tls_;
  const Limits& limits_;
  Wire<Stream> wire_;
  boost::asio::ip::address peer_;
  std::string peer_uri_;

  Phase phase_ = Phase::idle;
  bool close_ = false;   ///< after the present answer
  bool linger_ = false;  ///< the client may still be sending
  bool first_ = true;
  std::size_t pipelined_ = 0;

  ReadBuffer in_;
  Request request_;
  std::optional<RequestParser> parser_;
  BodyReader<Stream> body_;
  Router::Match match_;
  CorrelationId correlation_id_;
  std::optional<Exchange> exchange_;
  std::shared_ptr<const void> memory_;  ///< the admission hook's
  std::optional<Response> answer_;
  Clock::time_point started_;

  enum class Streaming { no, begun, ended, broken };
  Streaming streaming_ = Streaming::no;
  Framing framing_ = Framing::content_length;
  unsigned streamed_status_ = 0;
  std::uint64_t streamed_bytes_ = 0;
};

}  // namespace countersign::http
