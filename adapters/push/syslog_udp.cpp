// Syslog in datagrams (RFC 5426): one message each, and no word from the other side but, on the same machine, that
// nobody listens.

#include <boost/asio/ip/udp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "adapters/push/carriers.h"
#include "adapters/push/channel.h"
#include "adapters/push/syslog_message.h"

namespace countersign::push {
namespace asio = boost::asio;
using asio::ip::udp;
using boost::system::error_code;
namespace {

/// A datagram holds 65,507 bytes over IPv4; the header takes at most 400.
constexpr std::size_t most_line_bytes = 65'000;

class SyslogUdp : public Transport {
 public:
  explicit SyslogUdp(Setup setup) : setup_(std::move(setup)), socket_(setup_.executor) {}

  bool connected() const override { return socket_.is_open(); }
  void close() override {
    error_code ignored;
    socket_.close(ignored);
  }

  asio::awaitable<std::string> connect() override {
    close();
    const auto& receiver = setup_.receiver;
    const auto resolved = co_await resolve(setup_.executor, setup_.rules, receiver.host, setup_.limits.connect);
    if (!resolved.error.empty()) co_return resolved.error;
    error_code error;
    for (const auto& address : resolved.addresses) {
      close();
      socket_.connect({address, port_of(receiver)}, error);
      if (!error) co_return std::string();
    }
    close();
    co_return receiver.host + ": " + error.message();
  }

  asio::awaitable<Delivery> deliver(std::span<const Message> messages) override {
    Delivery delivery;
    const auto most = std::min(setup_.limits.line_bytes, most_line_bytes);
    for (const auto& message : messages) {
      const auto text = syslog_message(message, setup_.receiver.sender, most);
      error_code error;
      co_await socket_.async_send(asio::buffer(text), asio::redirect_error(asio::use_awaitable, error));
      if (error) {
        delivery.error = setup_.receiver.host + ": " + error.message();
        close();
        break;
      }
      ++delivery.taken;
    }
    co_return delivery;
  }

 private:
  const Setup setup_;
  udp::socket socket_;
};

}  // namespace

std::unique_ptr<Transport> make_syslog_udp(Setup setup) {
  return std::make_unique<SyslogUdp>(std::move(setup));
}

}  // namespace countersign::push
