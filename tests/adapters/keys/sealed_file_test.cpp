#include "adapters/keys/sealed_file.h"

#include <gtest/gtest.h>

#include "adapters/keys/random.h"
#include "tests/adapters/keys/scratch_directory.h"

namespace countersign::keys {
namespace {

using test::bytes_of;
using test::put_bytes;
using test::ScratchDirectory;

constexpr std::size_t chunk = 64 * 1024, head = 24;

void write_sealed(const std::filesystem::path& file, const Key& key, const std::string& text, std::size_t piece) {
  auto writer = SealedFileWriter::create(file, key);
  ASSERT_TRUE(writer);
  for (std::size_t at = 0; at < text.size(); at += piece) {
    ASSERT_FALSE(writer->write(std::string_view(text).substr(at, piece)));
  }
  ASSERT_FALSE(writer->finish());
}

boost::system::result<std::string> read_sealed(const std::filesystem::path& file, const Key& key) {
  auto reader = SealedFileReader::open(file, key);
  if (!reader) return reader.error();
  std::string text;
  for (;;) {
    const auto more = reader->read(text);
    if (!more) return more.error();
    if (*more == SealedFileReader::More::no) return text;
  }
}

TEST(SealedFile, ReadsBackEverySizeAroundTheChunk) {
  const ScratchDirectory scratch;
  const Key key = random_key();
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, chunk - 1, chunk, chunk + 1, 2 * chunk, 3 * chunk + 5}) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 31);
    write_sealed(scratch / "f", key, text, 10'007);
    const auto read = read_sealed(scratch / "f", key);
    ASSERT_TRUE(read) << size;
    EXPECT_TRUE(*read == text) << size;
  }
}

TEST(SealedFile, HoldsNothingInClear) {
  const ScratchDirectory scratch;
  write_sealed(scratch / "f", random_key(), std::string(1000, 'x') + "someone@example.com", 100);
  EXPECT_EQ(bytes_of(scratch / "f").find("example"), std::string::npos);
}

TEST(SealedFile, AFileWithoutFinishIsIncomplete) {
  const ScratchDirectory scratch;
  const Key key = random_key();
  {
    auto writer = SealedFileWriter::create(scratch / "f", key);
    ASSERT_TRUE(writer);
    ASSERT_FALSE(writer->write(std::string(2 * chunk + 1, 'x')));
  }
  EXPECT_EQ(read_sealed(scratch / "f", key).error(), errc::sealed_truncated);
}

TEST(SealedFile, EveryKindOfDamageIsNoticed) {
  const ScratchDirectory scratch;
  const Key key = random_key();
  write_sealed(scratch / "f", key, std::string(2 * chunk + 100, 'x'), chunk);
  const std::string good = bytes_of(scratch / "f");
  const std::size_t stored = chunk + 16;
  const auto error_of = [&](const std::string& bytes) {
    put_bytes(scratch / "bad", bytes);
    return read_sealed(scratch / "bad", key).error();
  };
  EXPECT_EQ(error_of("NOSUCH1\n" + good.substr(8)), errc::sealed_damaged);
  EXPECT_EQ(error_of(good.substr(0, 10)), errc::sealed_truncated);
  EXPECT_EQ(error_of(good.substr(0, head)), errc::sealed_truncated);
  EXPECT_EQ(error_of(good.substr(0, head + stored)), errc::sealed_truncated);
  EXPECT_EQ(error_of(good.substr(0, good.size() - 1)), errc::sealed_truncated);
  EXPECT_TRUE(error_of(good + "x").failed());
  const std::string swapped = good.substr(0, head) + good.substr(head + stored, stored) + good.substr(head, stored) +
                              good.substr(head + 2 * stored);
  EXPECT_EQ(error_of(swapped), errc::sealed_damaged);
  std::string flipped = good;
  flipped[head + 5] ^= 1;
  EXPECT_EQ(error_of(flipped), errc::sealed_damaged);
  EXPECT_TRUE(read_sealed(scratch / "f", random_key()).has_error());
  EXPECT_TRUE(read_sealed(scratch / "none", key).has_error());
}

}  // namespace
}  // namespace countersign::keys
