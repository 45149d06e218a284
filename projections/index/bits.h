#pragma once
// Which events of a segment: one bit each. Evaluating a filter is a walk over plain words, which costs a few
// microseconds a segment and needs no cleverness to be exact.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace countersign::projections {

class Bits {
 public:
  static constexpr std::size_t most = 65'536;

  bool operator==(const Bits&) const = default;
  bool test(std::size_t i) const { return words_[i / 64] >> (i % 64) & 1; }
  void set(std::size_t i) { words_[i / 64] |= std::uint64_t{1} << (i % 64); }
  /// Sets [from, until).
  void set_range(std::size_t from, std::size_t until) {
    for (; from < until && from % 64 != 0; ++from) set(from);
    for (; from + 64 <= until; from += 64) words_[from / 64] = ~std::uint64_t{0};
    for (; from < until; ++from) set(from);
  }
  void clear() { words_.fill(0); }
  /// Sets 64 of them at once: those from 64 * `word` on.
  void add_word(std::size_t word, std::uint64_t bits) { words_[word] |= bits; }

  Bits& operator&=(const Bits& other) {
    for (std::size_t w = 0; w < words_.size(); ++w) words_[w] &= other.words_[w];
    return *this;
  }
  Bits& operator|=(const Bits& other) {
    for (std::size_t w = 0; w < words_.size(); ++w) words_[w] |= other.words_[w];
    return *this;
  }
  /// The other ones of the first `size`.
  void flip(std::size_t size) {
    for (auto& word : words_) word = ~word;
    Bits there;
    there.set_range(0, size);
    *this &= there;
  }

  bool any() const {
    for (const auto word : words_)
      if (word != 0) return true;
    return false;
  }
  std::size_t count() const {
    std::size_t total = 0;
    for (const auto word : words_) total += static_cast<std::size_t>(std::popcount(word));
    return total;
  }
  /// How many of [from, until).
  std::size_t count(std::size_t from, std::size_t until) const {
    if (from >= until) return 0;
    const auto first = from / 64, last = (until - 1) / 64;
    const auto from_mask = ~std::uint64_t{0} << (from % 64), until_mask = ~std::uint64_t{0} >> (63 - (until - 1) % 64);
    if (first == last) return static_cast<std::size_t>(std::popcount(words_[first] & from_mask & until_mask));
    auto total = std::popcount(words_[first] & from_mask) + std::popcount(words_[last] & until_mask);
    for (auto w = first + 1; w < last; ++w) total += std::popcount(words_[w]);
    return static_cast<std::size_t>(total);
  }

  /// Visits the set ones upwards until `visit` returns false; false then.
  template <class Visit>
  bool each(Visit visit) const {
    for (std::size_t w = 0; w < words_.size(); ++w)
      for (auto word = words_[w]; word != 0; word &= word - 1)
        if (!visit(w * 64 + static_cast<std::size_t>(std::countr_zero(word)))) return false;
    return true;
  }
  /// The same downwards.
  template <class Visit>
  bool each_back(Visit visit) const {
    for (std::size_t w = words_.size(); w-- > 0;)
      for (auto word = words_[w]; word != 0;) {
        const auto bit = 63 - static_cast<std::size_t>(std::countl_zero(word));
        if (!visit(w * 64 + bit)) return false;
        word &= ~(std::uint64_t{1} << bit);
      }
    return true;
  }

 private:
  std::array<std::uint64_t, most / 64> words_{};
};

}  // namespace countersign::projections
