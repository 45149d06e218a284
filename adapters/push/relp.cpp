// RELP as its client: a window of messages that wait for their acknowledgement, over one session a connection.

#include <array>
#include <deque>
#include <span>

#include "adapters/push/carriers.h"
#include "adapters/push/channel.h"
#include "adapters/push/relp_frame.h"
#include "adapters/push/syslog_message.h"
#include "adapters/push/trust.h"
#include "adapters/siem/line_text.h"

namespace countersign::push {
namespace asio = boost::asio;
namespace {

constexpr std::size_t most_shown = 200;

/// Written, and not acknowledged as the first of those.
struct Waiting {
  std::uint32_t number = 0;
  bool acknowledged = false;
};

class Relp : public Transport {
 public:
  explicit Relp(Setup setup)
      : setup_(std::move(setup)),
        tls_(setup_.receiver.tls ? trust_of(setup_.receiver) : nullptr),
        channel_(setup_.executor, setup_.rules) {}

  bool connected() const override { return channel_.is_open(); }
  void close() override { channel_.close(); }

  asio::awaitable<std::string> connect() override {
    reader_ = {};
    number_ = 0;
    const Channel::Target target{setup_.receiver.host, port_of(setup_.receiver), tls_};
    if (auto error = co_await channel_.open(target, setup_.limits.connect); !error.empty()) co_return error;
    std::string opening;
    append_relp_frame(opening, next_number(), "open", "relp_version=0\nrelp_software=countersign,1,-\ncommands=syslog");
    auto written = co_await channel_.write(opening, setup_.limits.connect);
    if (!written.error.empty()) co_return failed(written.error);
    RelpFrame answer;
    if (auto error = co_await read(answer, setup_.limits.connect); !error.empty()) co_return failed(error);
    if (const auto refusal = refusal_in(answer); !refusal.empty()) co_return failed(refusal);
    co_return std::string();
  }

  asio::awaitable<Delivery> deliver(std::span<const Message> messages) override {
    Delivery delivery;
    std::deque<Waiting> window;
    std::size_t sent = 0;
    while (delivery.taken < messages.size()) {
      std::string out;
      while (sent < messages.size() && window.size() < setup_.limits.window) {
        window.push_back({next_number()});
        append_relp_frame(out, window.back().number, "syslog",
                          syslog_message(messages[sent], setup_.receiver.sender, setup_.limits.line_bytes));
        ++sent;
      }
      if (!out.empty()) {
        auto written = co_await channel_.write(out, setup_.limits.silence);
        // What was acknowledged before the failure lies in the socket still, perhaps: it is sent again then.
        if (!written.error.empty()) co_return ended(delivery, written.error);
      }
      RelpFrame answer;
      auto error = co_await read(answer, setup_.limits.silence);
      if (error.empty()) error = acknowledge(window, answer);
      // All that have come already, so that the window is filled again with one write.
      while (error.empty() && reader_.read(answer) == RelpReader::State::frame) error = acknowledge(window, answer);
      while (!window.empty() && window.front().acknowledged) {
        window.pop_front();
        ++delivery.taken;
      }
      if (!error.empty()) co_return ended(delivery, error);
    }
    co_return delivery;
  }

 private:
  std::uint32_t next_number() { return number_ = number_ % last_relp_number + 1; }

  std::string failed(const std::string& error) {
    channel_.close();
    return setup_.receiver.host + " port " + std::to_string(port_of(setup_.receiver)) + ": " + error;
  }
  Delivery ended(Delivery delivery, const std::string& error) {
    delivery.error = failed(error);
    return delivery;
  }

  /// The next frame.
  asio::awaitable<std::string> read(RelpFrame& answer, std::chrono::milliseconds silence) {
    while (true) {
      const auto state = reader_.read(answer);
      if (state == RelpReader::State::broken) co_return "what answers doesn't speak RELP";
      if (state == RelpReader::State::more) {
        std::array<char, 4096> room{};
        const auto got = co_await channel_.read_some(room, silence);
        if (!got.error.empty()) co_return got.error;
        reader_.add({room.data(), got.bytes});
      } else {
        co_return std::string();
      }
    }
  }

  static std::string refusal_in(const RelpFrame& answer) {
    if (answer.command == "serverclose") return "the receiver has closed the session";
    if (answer.command != "rsp") return "an answer was expected";
    if (relp_status(answer.data) == 200U) return {};
    return "the receiver refused: " + std::string(siem::cut(siem::visible(siem::valid_utf8(answer.data)), most_shown));
  }

  static std::string acknowledge(std::deque<Waiting>& window, const RelpFrame& answer) {
    if (answer.number == 0) return answer.command == "serverclose" ? refusal_in(answer) : std::string();
    for (auto& waiting : window) {
      if (waiting.number != answer.number || waiting.acknowledged) continue;
      auto refusal = refusal_in(answer);
      waiting.acknowledged = refusal.empty();
      return refusal;
    }
    return "the receiver answered what it wasn't sent";
  }

  const Setup setup_;
  const std::shared_ptr<asio::ssl::context> tls_;
  Channel channel_;
  RelpReader reader_;
  std::uint32_t number_ = 0;
};

}  // namespace

std::unique_ptr<Transport> make_relp(Setup setup) {
  return std::make_unique<Relp>(std::move(setup));
}

}  // namespace countersign::push
