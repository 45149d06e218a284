#pragma once
// A client that sends exactly the bytes a test wants, good or bad, over a plain blocking socket.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace countersign::http::test {

struct Answer {
  unsigned status = 0;
  std::string head;  ///< status line and headers
  std::string body;  ///< without chunk framing
  bool complete = true;

  /// The value of a header, in any case; empty when there is none.
  std::string header(std::string_view name) const;
  /// The `code` of a problem.
  std::string code() const;
};

class TestClient {
 public:
  explicit TestClient(std::uint16_t port);
  ~TestClient();
  TestClient(TestClient&& other) noexcept;
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  bool connected() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  void send(std::string_view bytes);
  /// Half-close: nothing more comes.
  void finish_sending();
  void close();
  /// The next answer. `head_request`: it has no body. Nothing if the connection ended before its first byte, or on
  /// timeout (10 s).
  std::optional<Answer> read(bool head_request = false);
  /// Sends and reads.
  Answer ask(std::string_view bytes, bool head_request = false);
  /// At least one more byte, as it comes; empty when the connection ended.
  std::string read_raw();
  /// Whether the server closes within 10 s (bytes on the way are dropped).
  bool closed_by_server();

 private:
  bool fill();

  int fd_ = -1;
  std::string buffer_;
};

std::string get(std::string_view path, std::string_view more_headers = "");
std::string post(std::string_view path, std::string_view body, std::string_view content_type = "application/json",
                 std::string_view more_headers = "");

}  // namespace countersign::http::test
