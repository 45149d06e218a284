#include "bus/frame_reader.h"

#include <iterator>

namespace countersign::bus {

FrameReader::FrameReader(PartitionLog& log, const LogIdentity& identity, std::string_view log_key,
                         const AcceptanceState& from, std::size_t chunk_bytes)
    : log_(log), acceptance_(identity, log_key, from), chunk_bytes_(chunk_bytes) {}

boost::system::result<const AcceptedRecord*> FrameReader::fail(boost::system::error_code error, std::string text) {
  error_text_ = std::move(text);
  return error;
}

boost::system::result<const AcceptedRecord*> FrameReader::next() {
  while (true) {
    if (chunk_.empty()) {
      auto read = log_.read(state().next, chunk_bytes_);
      if (read.has_error()) return fail(read.error(), read.error().message());
      if (read->empty()) return nullptr;
      chunk_.assign(std::make_move_iterator(read->begin()), std::make_move_iterator(read->end()));
    }
    auto taken = acceptance_.take(chunk_.front());
    if (taken.has_error()) return fail(taken.error(), describe_newer_format(chunk_.front().bytes));
    LogRecord at = std::move(chunk_.front());  // the bytes stay where they are: records are too long for a short string
    chunk_.pop_front();
    if (!taken->has_value()) continue;
    current_ = AcceptedRecord{std::move(at), **std::move(taken), state()};
    return &current_;
  }
}

boost::system::result<const AcceptedRecord*> FrameReader::next_frame() {
  while (true) {
    auto record = next();
    if (record.has_error() || *record == nullptr || (*record)->frame()) return record;
  }
}

}  // namespace countersign::bus
