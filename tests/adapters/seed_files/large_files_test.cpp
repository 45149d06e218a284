// Files of 100,000 keys, made while they are read, in bounded memory.

#include <gtest/gtest.h>

#include <fstream>

#include "adapters/keys/rfc4648.h"
#include "tests/adapters/seed_files/read_file.h"

namespace countersign::seed_files {
namespace {

constexpr unsigned keys_of_a_file = 100'000;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t most_growth_kib = std::size_t{1} << 30;  // what is freed stays in quarantine
#else
constexpr std::size_t most_growth_kib = 8 * 1024;
#endif

std::size_t resident_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::size_t size = 0;
    if (word == "VmRSS:" && status >> size) return size;
  }
  ADD_FAILURE() << "no VmRSS";
  return 0;
}

/// Of key number `i`, from 1.
std::string seed_of(unsigned i) {
  return "12345678901234567890" + std::to_string(i);
}

struct Reading {
  unsigned tokens = 0;
  std::size_t bytes = 0, before_kib = resident_kib(), most_kib = 0;

  void take_all(SeedFileReader& reader) {
    while (const auto row = reader.next()) {
      ++tokens;
      const auto* const token = std::get_if<TokenSeed>(&row->outcome);
      ASSERT_TRUE(token) << std::get<RecordError>(row->outcome).detail;
      ASSERT_EQ(token->serial, "S" + std::to_string(tokens));
      ASSERT_EQ(token->seed.view(), seed_of(tokens));
      ASSERT_EQ(row->number, tokens);
    }
    ASSERT_FALSE(reader.failure()) << reader.failure()->detail;
    most_kib = std::max(most_kib, resident_kib());
  }
};

template <class KeyText>
void read_many(SeedFileReader& reader, const std::string& head, const KeyText& key_text, const std::string& tail) {
  Reading reading;
  std::string piece = head;
  for (unsigned i = 1; i <= keys_of_a_file; ++i) {
    piece += key_text(i);
    if (piece.size() < 64 * 1024 && i < keys_of_a_file) continue;
    if (i == keys_of_a_file) piece += tail;
    reading.bytes += piece.size();
    reader.feed(piece);
    piece.clear();
    ASSERT_NO_FATAL_FAILURE(reading.take_all(reader));
  }
  reader.finish();
  ASSERT_NO_FATAL_FAILURE(reading.take_all(reader));
  EXPECT_EQ(reading.tokens, keys_of_a_file);
  EXPECT_LT(reading.most_kib, reading.before_kib + most_growth_kib) << "for a file of " << reading.bytes << " bytes";
}

TEST(LargeSeedFiles, CsvIsReadInBoundedMemory) {
  const auto reader = make_csv_reader();
  const std::string rest = ",hotp,SHA256,8,,7,A manufacturer with a long name,\"" + std::string(200, 'x') + "\"\n";
  read_many(
      *reader, "serial,seed_base32,type,algorithm,digits,period,counter,manufacturer,comment\n",
      [&](unsigned i) { return "S" + std::to_string(i) + "," + keys::base32(seed_of(i)) + rest; }, "");
}

TEST(LargeSeedFiles, PskcIsReadInBoundedMemory) {
  const auto reader = make_pskc_reader({});
  read_many(
      *reader, R"(<KeyContainer Version="1.0" xmlns="urn:ietf:params:xml:ns:keyprov:pskc">)",
      [](unsigned i) {
        return "<KeyPackage>\n  <DeviceInfo>\n    <Manufacturer>Acme</Manufacturer>\n    <SerialNo>S" +
               std::to_string(i) + "</SerialNo>\n  </DeviceInfo>\n  <Key Id=\"" + std::to_string(i) +
               "\" Algorithm=\"urn:ietf:params:xml:ns:keyprov:pskc:totp\">\n    <AlgorithmParameters>\n      "
               "<ResponseFormat Length=\"6\" Encoding=\"DECIMAL\"/>\n    </AlgorithmParameters>\n    <Data>\n      "
               "<Secret>\n        <PlainValue>" +
               keys::base64(seed_of(i)) +
               "</PlainValue>\n      </Secret>\n      <TimeInterval>\n        <PlainValue>30</PlainValue>\n      "
               "</TimeInterval>\n    </Data>\n  </Key>\n</KeyPackage>\n";
      },
      "</KeyContainer>");
}

}  // namespace
}  // namespace countersign::seed_files
