// Seeds in CSV: every column, every row that is refused, every file that is.

#include "tests/adapters/seed_files/read_file.h"

namespace countersign::seed_files {
namespace {

using test::Lines;
using test::read_csv;

const std::string seed20 = "3132333435363738393031323334353637383930";

TEST(SeedCsv, EmptyCellsAndMissingColumnsMeanWhatIsUsual) {
  EXPECT_EQ(read_csv("serial,seed_hex\nA1," + seed20 + "\n").rows, Lines{"A1|||totp|sha1|6|30|0|0||" + seed20});
  EXPECT_EQ(read_csv("serial,seed_hex,type,algorithm,digits,period,counter,suite,manufacturer,issuer\n"
                     "A1," +
                     seed20 + ",,,,,,,,\n")
                .rows,
            Lines{"A1|||totp|sha1|6|30|0|0||" + seed20});
}

TEST(SeedCsv, ColumnsStandInAnyOrderAndCase) {
  const auto outcome = read_csv(
      "Issuer;PERIOD; Seed_Base32 ;counter;digits;Algorithm;type;manufacturer;serial;suite;Colour\r\n"
      "Bank;60;gezd gnbv-gy3tqojqgezdgnbvgy3tqojq====;9;8;HMAC-SHA-256;TOTP;Søren & Co;A1;;red\r\n"
      ";;GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ;9223372036854775807;7;sha512;hotp;;A2;;\r\n"
      ";;GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ;5;;;ocra;;A3;OCRA-1:HOTP-SHA256-8:C-QN08;\r\n"
      ";;GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ;5;10;SHA1;ocra;;A4;OCRA-1:HOTP-SHA1-10:QN08-T1M;\r\n");
  EXPECT_EQ(outcome.rows, (Lines{"A1|Søren & Co|Bank|totp|sha256|8|60|0|0||" + seed20,
                                 "A2|||hotp|sha512|7|0|9223372036854775807|0||" + seed20,
                                 "A3|||ocra|sha256|8|0|5|0|OCRA-1:HOTP-SHA256-8:C-QN08|" + seed20,
                                 "A4|||ocra|sha1|10|0|0|0|OCRA-1:HOTP-SHA1-10:QN08-T1M|" + seed20}));
  EXPECT_EQ(outcome.ignored, Lines{"Colour"});
  EXPECT_EQ(outcome.failure, "");
}

TEST(SeedCsv, BadRowsAreReportedAndTheRestGoesOn) {
  const std::string header = "serial,seed_hex,type,algorithm,digits,period,counter,suite,manufacturer,issuer\n";
  const std::string suite = "OCRA-1:HOTP-SHA1-8:C-QN08";
  const std::pair<std::string, const char*> table[] = {
      {"," + seed20 + ",,,,,,,,", "serial-missing"},
      {std::string(65, 'x') + "," + seed20 + ",,,,,,,,", "serial-malformed"},
      {"A\x07," + seed20 + ",,,,,,,,", "serial-malformed"},
      {"A," + seed20 + ",,,,,,," + std::string(129, 'x') + ",", "manufacturer-malformed"},
      {"A," + seed20 + ",,,,,,,,\x7f", "issuer-malformed"},
      {"A," + seed20 + ",motp,,,,,,,", "type-unknown"},
      {"A," + seed20 + ",,md5,,,,,,", "algorithm-unknown"},
      {"A," + seed20 + ",hotp,SHA224,,,,,,", "algorithm-unknown"},
      {"A," + seed20 + ",,,5,,,,,", "digits-invalid"},
      {"A," + seed20 + ",,,9,,,,,", "digits-invalid"},
      {"A," + seed20 + ",,,six,,,,,", "digits-invalid"},
      {"A," + seed20 + ",,,-6,,,,,", "digits-invalid"},
      {"A," + seed20 + ",,,,14,,,,", "period-invalid"},
      {"A," + seed20 + ",,,,301,,,,", "period-invalid"},
      {"A," + seed20 + ",,,,30s,,,,", "period-invalid"},
      {"A," + seed20 + ",hotp,,,,-1,,,", "counter-invalid"},
      {"A," + seed20 + ",hotp,,,,9223372036854775808,,,", "counter-invalid"},
      {"A," + seed20 + ",hotp,,,,1e3,,,", "counter-invalid"},
      {"A," + seed20 + ",ocra,,,,,,,", "suite-missing"},
      {"A," + seed20 + ",ocra,,,,,OCRA-1:HOTP-SHA1-4:QN08,,", "suite-unknown"},
      {"A," + seed20 + ",ocra,SHA256,,,," + suite + ",,", "suite-contradicted"},
      {"A," + seed20 + ",ocra,,6,,," + suite + ",,", "suite-contradicted"},
      {"A," + seed20 + ",ocra,,,,x," + suite + ",,", "counter-invalid"},
      {"A,,,,,,,,,", "seed-missing"},
      {"A,313,,,,,,,,", "seed-malformed"},
      {"A,GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ,,,,,,,,", "seed-malformed"},
      {"A,0x" + seed20 + ",,,,,,,,", "seed-malformed"},
      {"A," + std::string(30, '0') + ",,,,,,,,", "seed-too-short"},
      {"A," + std::string(258, '0') + ",,,,,,,,", "seed-too-long"},
      {"A," + seed20, "columns-missing"},
      {"A," + seed20 + ",,,,,,,,,", "columns-surplus"},
      {"\xff," + seed20 + ",,,,,,,,", "not-utf-8"},
      {"\"A\"x," + seed20 + ",,,,,,,,", "quotes-malformed"},
      {std::string(70'000, 'x') + "," + seed20 + ",,,,,,,,", "record-too-long"}};
  std::string file = header;
  Lines expected;
  const std::string good = "B|||totp|sha1|6|30|0|0||" + seed20;
  for (const auto& [row, code] : table) {
    file += row + "\nB," + seed20 + ",,,,,,,,\n";
    expected.insert(expected.end(), {code, good});
  }
  for (const std::size_t piece : {std::size_t{1}, std::size_t{4'096}, std::string::npos}) {
    const auto outcome = read_csv(file, piece);
    EXPECT_EQ(outcome.rows, expected);
    EXPECT_EQ(outcome.failure, "");
    for (std::size_t i = 0; i < outcome.rows.size(); ++i) {
      EXPECT_EQ(outcome.places[i], (std::pair<std::uint64_t, std::uint64_t>(i + 2, i + 1)));
      EXPECT_EQ(outcome.details[i].find(seed20), std::string::npos) << "no seed in what is reported";
      EXPECT_EQ(outcome.details[i].empty(), outcome.rows[i] == good);
    }
  }
  EXPECT_EQ(read_csv("serial,seed_base32\nA,12345678901234567890123456\nB,\nC,GEZDGNBVGY3TQOJQ\n").rows,
            (Lines{"seed-malformed", "seed-missing", "seed-too-short"}));
}

TEST(SeedCsv, FilesWhoseHeaderSaysTooLittleOrTooMuchAreRefused) {
  const std::pair<std::string, const char*> table[] = {{"", "header-missing"},
                                                       {"\n\n", "header-missing"},
                                                       {"seed_hex\n00\n", "header-column-missing"},
                                                       {"serial\n", "header-column-missing"},
                                                       {"serial,seed\n", "header-column-missing"},
                                                       {"serial,seed_hex,seed_base32\n", "header-column-missing"},
                                                       {"serial,seed_hex,SERIAL\n", "header-column-twice"},
                                                       {"serial,\"seed_hex\"x\n", "header-malformed"},
                                                       {"serial,seed_hex,\xff\n", "header-malformed"}};
  for (const auto& [file, code] : table) {
    const auto outcome = read_csv(file);
    EXPECT_EQ(outcome.failure, code) << file;
    EXPECT_TRUE(outcome.rows.empty());
  }
}

TEST(SeedFiles, AreReadByTheirMediaType) {
  for (const auto* type : {"text/csv", "Text/CSV; charset=utf-8", "application/pskc+xml", " application/PSKC+xml ;x=y"})
    EXPECT_TRUE(make_reader_for(type, {})) << type;
  for (const auto* type : {"", "text/xml", "application/json", "text/csvx"})
    EXPECT_FALSE(make_reader_for(type, {})) << type;
  EXPECT_EQ(test::read(*make_reader_for("text/csv", {}), "serial,seed_hex\nA1," + seed20).rows.size(), 1u);
  EXPECT_EQ(test::read(*make_reader_for("application/pskc+xml", {}), "serial,seed_hex\n").failure, "xml-malformed");
}

}  // namespace
}  // namespace countersign::seed_files
