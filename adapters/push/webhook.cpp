// Batches of lines as HTTP requests, signed (webhook_signature.h). One connection is kept and used again.

#include <array>

#include "adapters/push/carriers.h"
#include "adapters/push/channel.h"
#include "adapters/push/http_answer.h"
#include "adapters/push/trust.h"
#include "adapters/push/webhook_signature.h"

namespace countersign::push {
namespace asio = boost::asio;
namespace {

class Webhook : public Transport {
 public:
  explicit Webhook(Setup setup)
      : setup_(std::move(setup)),
        url_(parse_webhook_url(setup_.receiver.url)),
        tls_(url_.tls ? trust_of(setup_.receiver) : nullptr),
        channel_(setup_.executor, setup_.rules) {}

  bool connected() const override { return ready_; }
  void close() override {
    ready_ = false;
    channel_.close();
  }

  asio::awaitable<std::string> connect() override {
    used_ = false;
    const Channel::Target target{url_.host, url_.port, tls_};
    auto error = co_await channel_.open(target, setup_.limits.connect);
    ready_ = error.empty();
    co_return error;
  }

  asio::awaitable<Delivery> deliver(std::span<const Message> messages) override {
    const auto request = request_of(messages);
    auto exchange = co_await ask(request);
    // A kept connection may have been closed since, as every server does after a while; then nothing was answered.
    if (exchange.stale) {
      if (auto error = co_await connect(); !error.empty()) {
        close();
        co_return Delivery{.error = error};
      }
      exchange = co_await ask(request);
    }
    if (exchange.delivery.error.empty())
      exchange.delivery.taken = messages.size();
    else {
      exchange.delivery.error = url_.host + ": " + exchange.delivery.error;
      close();
    }
    co_return exchange.delivery;
  }

 private:
  struct Exchange {
    Delivery delivery;
    bool stale = false;
  };

  std::string request_of(std::span<const Message> messages) const {
    std::string body;
    for (const auto& message : messages) body.append(message.line).append(1, '\n');
    // The same for the same batch, however often it is tried.
    const auto id = messages.empty() ? "-" : messages.front().id + "-" + std::to_string(messages.size());
    const auto now =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch());
    const auto signature = webhook_signature(setup_.receiver.signing_secret, id, now.count(), body);
    std::string text = "POST " + url_.target + " HTTP/1.1\r\nHost: " + url_.authority +
                       "\r\nUser-Agent: Countersign\r\nContent-Type: " +
                       (setup_.receiver.json ? "application/x-ndjson" : "text/plain; charset=utf-8");
    text.append("\r\nContent-Length: ").append(std::to_string(body.size()));
    text.append("\r\nwebhook-id: ").append(id);
    text.append("\r\nwebhook-timestamp: ").append(std::to_string(now.count()));
    text.append("\r\nwebhook-signature: ").append(signature).append("\r\n\r\n");
    return text.append(body);
  }

  asio::awaitable<Exchange> ask(const std::string& request) {
    Exchange exchange;
    const bool kept = std::exchange(used_, true);
    if (kept && !channel_.is_open()) {
      exchange.stale = true;
      co_return exchange;
    }
    const auto written = co_await channel_.write(request, setup_.limits.silence);
    if (!written.error.empty()) {
      exchange.delivery.error = written.error;
      exchange.stale = kept;
      co_return exchange;
    }
    HttpAnswer answer;
    while (!answer.whole()) {
      std::array<char, 4096> room{};
      const auto got = co_await channel_.read_some(room, setup_.limits.silence);
      if (!got.error.empty()) {
        if (got.ended) answer.end();
        if (answer.whole()) break;
        exchange.delivery.error = got.error;
        exchange.stale = kept && !answer.begun() && got.ended;
        co_return exchange;
      }
      if (auto flaw = answer.feed({room.data(), got.bytes}); !flaw.empty()) {
        exchange.delivery.error = std::move(flaw);
        co_return exchange;
      }
    }
    judge(answer, exchange.delivery);
    if (!answer.keep_alive()) channel_.close();
    co_return exchange;
  }

  static void judge(const HttpAnswer& answer, Delivery& delivery) {
    const unsigned status = answer.status();
    if (status / 100 == 2) return;
    delivery.error = "answered " + std::to_string(status);
    if (status / 100 == 3) delivery.error.append("; redirects are not followed");
    delivery.retry_after = answer.retry_after();
  }

  const Setup setup_;
  const WebhookUrl url_;
  const std::shared_ptr<asio::ssl::context> tls_;
  Channel channel_;
  bool ready_ = false;  ///< the last attempt was good; the connection itself may have ended since
  bool used_ = false;   ///< the connection has carried a request
};

}  // namespace

std::unique_ptr<Transport> make_webhook(Setup setup) {
  return std::make_unique<Webhook>(std::move(setup));
}

}  // namespace countersign::push
