// Syslog in a stream: TCP or TLS, messages counted. Nothing is acknowledged; the connection is watched, so that a
// receiver that has gone is noticed before the next message, and not only by what the network says to it.

#include "adapters/push/carriers.h"
#include "adapters/push/channel.h"
#include "adapters/push/syslog_message.h"
#include "adapters/push/trust.h"

namespace countersign::push {
namespace asio = boost::asio;
namespace {

class Syslog : public Transport {
 public:
  explicit Syslog(Setup setup)
      : setup_(std::move(setup)),
        tls_(setup_.receiver.protocol == Protocol::syslog_tls ? trust_of(setup_.receiver) : nullptr),
        channel_(setup_.executor, setup_.rules) {}

  bool connected() const override { return channel_.is_open(); }
  void close() override { channel_.close(); }

  asio::awaitable<std::string> connect() override {
    const Channel::Target target{setup_.receiver.host, port_of(setup_.receiver), tls_};
    auto error = co_await channel_.open(target, setup_.limits.connect);
    if (error.empty()) channel_.watch();
    co_return error;
  }

  asio::awaitable<Delivery> deliver(std::span<const Message> messages) override {
    Delivery delivery;
    std::string out;
    std::vector<std::size_t> ends;
    for (const auto& message : messages) {
      append_counted(out, syslog_message(message, setup_.receiver.sender, setup_.limits.line_bytes));
      ends.push_back(out.size());
    }
    const auto written = co_await channel_.write(out, setup_.limits.silence);
    while (delivery.taken < ends.size() && ends[delivery.taken] <= written.bytes) ++delivery.taken;
    if (!written.error.empty()) {
      delivery.error =
          setup_.receiver.host + " port " + std::to_string(port_of(setup_.receiver)) + ": " + written.error;
      channel_.close();
    }
    co_return delivery;
  }

 private:
  const Setup setup_;
  const std::shared_ptr<asio::ssl::context> tls_;
  Channel channel_;
};

}  // namespace

std::unique_ptr<Transport> make_syslog(Setup setup) {
  return std::make_unique<Syslog>(std::move(setup));
}

}  // namespace countersign::push
