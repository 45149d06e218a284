#pragma once
// Reads server-sent events (WHATWG HTML, "server-sent events") from pieces of a stream: gives each event's data and
// remembers its id, with which a broken stream is resumed.

#include <functional>
#include <string>
#include <string_view>

namespace countersign::cli {

class SseReader {
 public:
  using Visit = std::function<void(const std::string& data)>;
  explicit SseReader(Visit visit) : visit_(std::move(visit)) {}

  void feed(std::string_view piece);
  /// What was not complete when the stream broke is dropped; the last id stays.
  void restart() { line_.clear(), data_.clear(); }
  const std::string& last_id() const { return last_id_; }

 private:
  void end_line();
  Visit visit_;
  std::string line_, data_, id_, last_id_;
};

}  // namespace countersign::cli
