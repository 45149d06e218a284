#pragma once
// Bytes read from a connection and not parsed yet: contiguous, small at first, growing to a fixed limit.

#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace countersign::http {

class ReadBuffer {
 public:
  ReadBuffer(std::size_t first_bytes, std::size_t most_bytes) : first_(first_bytes), most_(most_bytes) {}

  std::string_view text() const { return {bytes_.get() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }
  void consume(std::size_t count) { begin_ += count; }

  struct Space {
    char* at;
    std::size_t size;
  };
  /// Room for more, after moving what is there to the front if need be (views into it are lost then).
  /// Size 0: the limit is reached.
  Space prepare() {
    if (begin_ == end_) begin_ = end_ = 0;
    if (end_ == capacity_ && begin_ > 0) {
      std::memmove(bytes_.get(), bytes_.get() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    // A read that filled all there was has probably left more behind.
    if ((end_ == capacity_ || was_filled_) && capacity_ < most_) grow(capacity_ == 0 ? first_ : 2 * capacity_);
    return {bytes_.get() + end_, capacity_ - end_};
  }
  void commit(std::size_t count) {
    end_ += count;
    was_filled_ = end_ == capacity_;
  }

  /// Takes the other's bytes behind its own; the other is empty then.
  void append_from(ReadBuffer& other) {
    const std::string_view more = other.text();
    if (begin_ == end_) begin_ = end_ = 0;
    if (capacity_ - end_ < more.size()) grow(end_ + more.size());
    if (!more.empty()) std::memcpy(bytes_.get() + end_, more.data(), more.size());
    end_ += more.size();
    other.begin_ = other.end_ = 0;
  }
  /// Gives memory back when nothing is held, so that idle connections are cheap.
  void shrink() {
    if (begin_ != end_ || capacity_ <= first_) return;
    bytes_.reset();
    capacity_ = begin_ = end_ = 0;
    was_filled_ = false;
  }

 private:
  void grow(std::size_t wanted) {
    const std::size_t capacity = wanted > most_ && most_ > end_ ? most_ : wanted;
    std::unique_ptr<char[]> larger(new char[capacity]);
    if (end_ > begin_) std::memcpy(larger.get() + begin_, bytes_.get() + begin_, end_ - begin_);
    bytes_ = std::move(larger);
    capacity_ = capacity;
  }

  std::size_t first_, most_;
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0, begin_ = 0, end_ = 0;
  bool was_filled_ = false;
};

}  // namespace countersign::http
