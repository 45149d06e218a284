// PSKC: the documents of RFC 6030, every key that is refused, every file that is.

#include "tests/adapters/seed_files/read_file.h"

#include "adapters/keys/rfc4648.h"
#include "adapters/seed_files/pskc_encryption.h"
#include "tests/support/file_bytes.h"

namespace countersign::seed_files {
namespace {

using test::Lines;
using test::read_pskc;

const std::string seed20 = "3132333435363738393031323334353637383930";

std::string figure(int number) {
  return testing::file_bytes(COUNTERSIGN_RFC6030 "/figure" + std::to_string(number) + ".xml").value();
}

PresharedKey preshared(std::string_view hex = "12345678901234567890123456789012") {
  return {keys::SecretBytes(*keys::parse_base16(hex))};
}
Passphrase passphrase(std::string_view text = "qwerty") {
  return {keys::SecretBytes(text)};
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  const auto at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return at == std::string::npos ? text : text.replace(at, what.size(), with);
}

TEST(Pskc, DocumentsOfRfc6030AreRead) {
  const std::string token = "|hotp|sha1|8|0|0|0||" + seed20;
  EXPECT_EQ(read_pskc(figure(2)).rows, Lines{"seed-too-short"});
  EXPECT_EQ(read_pskc(figure(3)).rows, Lines{"987654321|Manufacturer|Issuer" + token});
  EXPECT_EQ(read_pskc(figure(5)).rows, (Lines{"987654321|Manufacturer|Issuer" + token, "type-unknown"}));
  EXPECT_EQ(read_pskc(figure(6), preshared()).rows, Lines{"987654321|Manufacturer|Issuer" + token});
  EXPECT_EQ(read_pskc(figure(7), passphrase()).rows, Lines{"987654321|TokenVendorAcme|Example-Issuer" + token});
  EXPECT_EQ(read_pskc(figure(8), preshared()).failure, "encryption-unknown");
  EXPECT_EQ(read_pskc(figure(9)).rows, Lines{"0755225266|TokenVendorAcme|Example-Issuer|hotp|sha1|6|0|0|0||" + seed20});
  const auto bulk = [&](const char* serial, const char* expiry) {
    return std::string(serial) + "|TokenVendorAcme|Issuer|hotp|sha1|8|0|0|" + expiry + "000||" + seed20;
  };
  EXPECT_EQ(read_pskc(figure(10)).rows, (Lines{bulk("654321", "1149033600"), bulk("123456", "1149033600"),
                                               bulk("9999999", "1143763200"), bulk("9999999", "1146355200")}));
}

TEST(Pskc, ItDoesNotMatterHowTheFileIsCut) {
  for (const int number : {3, 5, 9, 10}) {
    const auto whole = read_pskc(figure(number));
    EXPECT_EQ(whole.failure, "");
    for (const std::size_t piece : {1u, 2u, 3u, 7u, 100u, 1'000u}) {
      const auto outcome = read_pskc(figure(number), {}, piece);
      EXPECT_EQ(outcome.rows, whole.rows) << number;
      EXPECT_EQ(outcome.places, whole.places) << number;
      EXPECT_EQ(outcome.failure, "");
    }
  }
  EXPECT_EQ(read_pskc(figure(6), preshared(), 1).rows, read_pskc(figure(6), preshared()).rows);
}

TEST(Pskc, KeysAreFoundByLineAndNumber) {
  EXPECT_EQ(read_pskc(figure(5)).places, (std::vector<std::pair<std::uint64_t, std::uint64_t>>{{14, 1}, {45, 2}}));
}

/// A key with all that a TOTP token has, to be changed in one place.
const std::string totp_key =
    "<KeyPackage><DeviceInfo><Manufacturer>Acme</Manufacturer><SerialNo>T1</SerialNo></DeviceInfo>"
    "<Key Id=\"k1\" Algorithm=\"urn:ietf:params:xml:ns:keyprov:pskc:totp\"><Issuer>Bank</Issuer>"
    "<AlgorithmParameters><Suite>HMAC-SHA256</Suite><ResponseFormat Length=\"8\" Encoding=\"DECIMAL\"/>"
    "</AlgorithmParameters><Data><Secret><PlainValue>MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=</PlainValue></Secret>"
    "<Counter><PlainValue>9</PlainValue></Counter><Time><PlainValue>0</PlainValue></Time>"
    "<TimeInterval><PlainValue>60</PlainValue></TimeInterval><TimeDrift><PlainValue>4</PlainValue></TimeDrift></Data>"
    "<Policy><ExpiryDate>2036-05-31T00:00:00Z</ExpiryDate></Policy></Key></KeyPackage>";

std::string container(const std::string& packages) {
  return R"(<?xml version="1.0"?><KeyContainer Version="1.0" xmlns="urn:ietf:params:xml:ns:keyprov:pskc">)" + packages +
         "</KeyContainer>";
}

TEST(Pskc, EveryPartOfAKeyIsRead) {
  const std::string good = "T1|Acme|Bank|totp|sha256|8|60|0|2095804800000||" + seed20;
  const std::tuple<const char*, const char*, std::string> table[] = {
      {"", "", good},
      {"<SerialNo>T1</SerialNo>", "", "k1" + good.substr(2)},
      {"<SerialNo>T1", "<SerialNo> <![CDATA[T]]>&#49;<!-- one -->\n", good},
      {"Acme", "A&amp;B &lt;&#xC4;&gt;", "T1|A&B <\xc3\x84>" + good.substr(7)},
      {"Acme", "\xc3\x84", "T1|\xc3\x84" + good.substr(7)},
      {"pskc:totp", "pskc#totp", good},
      {"pskc:totp", "pskc:TOTP", good},
      {"HMAC-SHA256", "sha512", "T1|Acme|Bank|totp|sha512" + good.substr(24)},
      {"<Suite>HMAC-SHA256</Suite>", "", "T1|Acme|Bank|totp|sha1" + good.substr(24)},
      {"<ResponseFormat Length=\"8\" Encoding=\"DECIMAL\"/>", "", "T1|Acme|Bank|totp|sha256|6" + good.substr(26)},
      {"<TimeInterval><PlainValue>60</PlainValue></TimeInterval>", "",
       "T1|Acme|Bank|totp|sha256|8|30" + good.substr(29)},
      {"MTIzNDU2", "\n MTIz \t\r\n NDU2", good},
      {"<ExpiryDate>2036-05-31T00:00:00Z</ExpiryDate>", "", "T1|Acme|Bank|totp|sha256|8|60|0|0||" + seed20},
      {"<ExpiryDate>", "<KeyUsage>Encrypt</KeyUsage><KeyUsage>OTP</KeyUsage><ExpiryDate>", good},
      {"pskc:totp", "pskc:hotp", "T1|Acme|Bank|hotp|sha256|8|0|9|2095804800000||" + seed20},
      {"pskc:totp", "pskc:OCRA-1:HOTP-SHA512-8:C-QN08",
       "T1|Acme|Bank|ocra|sha512|8|0|9|2095804800000|OCRA-1:HOTP-SHA512-8:C-QN08|" + seed20}};
  for (const auto& [what, with, expected] : table) {
    const auto outcome = read_pskc(container(replaced(totp_key, what, with)));
    EXPECT_EQ(outcome.rows, Lines{expected}) << with;
    EXPECT_EQ(outcome.failure, "");
  }
  const auto ocra =
      replaced(replaced(totp_key, "pskc:totp", "pskc:ocra"), "HMAC-SHA256", "OCRA-1:HOTP-SHA1-8:QN08-T1M");
  EXPECT_EQ(read_pskc(container(ocra)).rows,
            Lines{"T1|Acme|Bank|ocra|sha1|8|0|0|2095804800000|OCRA-1:HOTP-SHA1-8:QN08-T1M|" + seed20});
}

TEST(Pskc, BadKeysAreReportedAndTheRestGoesOn) {
  const std::string hidden =
      "<EncryptedValue><CipherData><CipherValue>AA==</CipherValue></CipherData></EncryptedValue>";
  const std::tuple<const char*, std::string, const char*> table[] = {
      {"<SerialNo>T1</SerialNo></DeviceInfo><Key Id=\"k1\"", "</DeviceInfo><Key", "serial-missing"},
      {"T1", std::string(65, 'x'), "serial-malformed"},
      {"T1", "T&#10;1", "serial-malformed"},
      {"Acme", std::string(129, 'x'), "manufacturer-malformed"},
      {"Bank", "B&#x85;", "issuer-malformed"},
      {"urn:ietf:params:xml:ns:keyprov:pskc:totp", "", "type-unknown"},
      {"urn:ietf:params:xml:ns:keyprov:pskc:totp", "totp", "type-unknown"},
      {"urn:ietf:params:xml:ns:keyprov:pskc:totp", "urn:ietf:params:xml:ns:keyprov:pskc", "type-unknown"},
      {"urn:ietf:params:xml:ns:keyprov:pskc:totp", "urn:ietf:params:xml:ns:keyprov:pskctotp", "type-unknown"},
      {"pskc:totp", "pskc:", "type-unknown"},
      {"pskc:totp", "pskc:pin", "type-unknown"},
      {"pskc:totp", "pskc:securid", "type-unknown"},
      {"HMAC-SHA256", "HMAC-MD5", "algorithm-unknown"},
      {"pskc:totp", "pskc:ocra", "suite-unknown"},
      {"pskc:totp", "pskc:OCRA-1:HOTP-SHA1-6:QN08", "suite-contradicted"},
      {"Length=\"8\"", "Length=\"9\"", "digits-invalid"},
      {"DECIMAL", "HEXADECIMAL", "encoding-unknown"},
      {"Length=\"8\"", "Length=\"8\" CheckDigits=\"true\"", "encoding-unknown"},
      {">60<", ">10<", "period-invalid"},
      {">60<", ">PT60S<", "period-invalid"},
      {"<TimeInterval><PlainValue>60</PlainValue>", "<TimeInterval>" + hidden, "period-invalid"},
      {"<Counter><PlainValue>9</PlainValue>", "<Counter>" + hidden, "counter-invalid"},
      {"<Secret><PlainValue>MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=</PlainValue></Secret>", "", "seed-missing"},
      {"MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=", "", "seed-missing"},
      {"OTA=", "OTA", "seed-malformed"},
      {"OTA=", "OT*=", "seed-malformed"},
      {"MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=", "MTIzNDU2Nzg5MDEy", "seed-too-short"},
      {"MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=", std::string(176, 'A'), "seed-too-long"},
      {"2036-05-31T00:00:00Z", "31.5.2036", "expiry-malformed"},
      {"2036-05-31T00:00:00Z", "2036-05-31T00:00:00", "expiry-malformed"},
      {"<ExpiryDate>", "<KeyUsage>Encrypt</KeyUsage><ExpiryDate>", "use-forbidden"}};
  std::string packages;
  Lines expected;
  for (const auto& [what, with, code] : table) {
    packages += replaced(totp_key, what, with) + "\n" + totp_key;
    expected.insert(expected.end(), {code, "T1|Acme|Bank|totp|sha256|8|60|0|2095804800000||" + seed20});
  }
  const auto outcome = read_pskc(container(packages));
  EXPECT_EQ(outcome.rows, expected);
  EXPECT_EQ(outcome.failure, "");
  for (std::size_t i = 0; i < outcome.rows.size(); ++i) {
    EXPECT_EQ(outcome.places[i].second, i + 1);
    EXPECT_EQ(outcome.details[i].find("MTIz"), std::string::npos) << "no seed in what is reported";
  }
}

TEST(Pskc, FilesThatCannotBeUnderstoodAreRefused) {
  const std::pair<std::string, const char*> table[] = {
      {"", "xml-malformed"},
      {"serial,seed_hex\n", "xml-malformed"},
      {"<KeyContainer/>", "not-pskc"},
      {"<KeyContainer xmlns=\"urn:ietf:params:xml:ns:keyprov:pskc:1.0\"/>", "not-pskc"},
      {"<html xmlns=\"urn:ietf:params:xml:ns:keyprov:pskc\"/>", "not-pskc"},
      {container(totp_key).substr(0, 700), "xml-malformed"},
      {container("") + "<more/>", "xml-malformed"},
      {container("<a></b>"), "xml-malformed"},
      {container("<undeclared:a/>"), "xml-malformed"},
      {container("&undeclared;"), "xml-malformed"},
      {container(replaced(totp_key, "T1", std::string(20'000, 'x'))), "xml-text-too-long"}};
  for (const auto& [file, code] : table) {
    const auto outcome = read_pskc(file);
    EXPECT_EQ(outcome.failure, code) << file.substr(0, 100);
    EXPECT_TRUE(outcome.rows.empty());
  }
  const auto late = read_pskc(container(totp_key + totp_key + "<a></b>"));
  EXPECT_EQ(late.rows.size(), 2u) << "what came before stands";
  EXPECT_EQ(late.failure, "xml-malformed");
}

TEST(Pskc, AWrongKeyIsSaidOfTheFile) {
  struct Row {
    int figure;
    FileKey key;
    const char* code;
  };
  Row table[] = {{6, {}, "key-missing"},
                 {7, {}, "key-missing"},
                 {6, passphrase(), "key-kind"},
                 {7, preshared(), "key-kind"},
                 {6, preshared("12345678901234567890123456789013"), "key-wrong"},
                 {6, preshared("1234567890123456789012345678901234567890123456789012345678901234"), "key-wrong"},
                 {6, preshared(""), "key-wrong"},
                 {7, passphrase("qwertz"), "key-wrong"},
                 {7, passphrase(""), "key-wrong"}};
  for (auto& [number, key, code] : table) {
    const auto outcome = read_pskc(figure(number), std::move(key));
    EXPECT_EQ(outcome.failure, code) << number;
    EXPECT_TRUE(outcome.rows.empty());
  }
  // One wrong key in 16 looks as if it were padded well; the MAC of the first value tells.
  for (unsigned key = 0; key < 256; ++key) {
    auto bytes = preshared();
    bytes.bytes.data()[15] = static_cast<std::uint8_t>(key);
    EXPECT_EQ(read_pskc(figure(6), std::move(bytes)).failure, key == 0x12 ? "" : "key-wrong") << key;
  }
}

TEST(Pskc, EncryptionThatIsNotOursIsRefused) {
  const std::tuple<int, const char*, const char*, const char*> table[] = {
      {6, "xmldsig#hmac-sha1", "xmldsig#hmac-md5", "mac-unknown"},
      {6, "xmlenc#aes128-cbc", "xmlenc#tripledes-cbc", "encryption-unknown"},
      {6, "ESIzRFVm", "ESIz*FVm", "mac-unknown"},
      {6, "<MACMethod Algorithm=\"http://www.w3.org/2000/09/xmldsig#hmac-sha1\">", "<MACMethod>", "mac-missing"},
      {7, "#pbkdf2", "#scrypt", "derivation-unknown"},
      {7, "<PRF/>", "<PRF Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#hmac-md5\"/>", "derivation-unknown"},
      {7, "Ej7/PEpyEpw=", "", "derivation-malformed"},
      {7, "Ej7/PEpyEpw=", "?", "derivation-malformed"},
      {7, "<IterationCount>1000", "<IterationCount>0", "derivation-malformed"},
      {7, "<IterationCount>1000", "<IterationCount>2000001", "derivation-malformed"},
      {7, "<IterationCount>1000", "<IterationCount>", "derivation-malformed"},
      {7, "<KeyLength>16", "<KeyLength>17", "derivation-malformed"},
      {7, "<KeyLength>16", "<KeyLength>32", "key-wrong"}};
  for (const auto& [number, what, with, code] : table) {
    const auto outcome =
        read_pskc(replaced(figure(number), what, with), number == 6 ? FileKey(preshared()) : passphrase());
    EXPECT_EQ(outcome.failure, code) << with;
    EXPECT_TRUE(outcome.rows.empty());
  }
  EXPECT_EQ(read_pskc(replaced(figure(7), "<KeyLength>16</KeyLength>", ""), passphrase()).rows.size(), 1u)
      << "then it is as long as the cipher wants it";
}

TEST(Pskc, OnceTheKeyIsKnownToFitADamagedValueIsOneOfTheRow) {
  const auto file = figure(6);
  const auto begin = file.find("  <KeyPackage>"), end = file.find("</KeyContainer>");
  const auto package = file.substr(begin, end - begin);
  const std::tuple<const char*, const char*, const char*> table[] = {
      {"Su+NvtQf", "Su+NvtQg", "mac-wrong"},       {"AAECAwQF", "AAECAwQG", "mac-wrong"},
      {"Su+NvtQf", "Su+*vtQf", "mac-missing"},     {"Su+NvtQfmvfJzF6bmQiJqoLRExc=", "", "mac-missing"},
      {"#aes128-cbc", "#aes256-cbc", "mac-wrong"}, {"#aes128-cbc", "#rsa-1_5", "encryption-unknown"},
      {"AAECAwQF", "AAEC*wQF", "seed-malformed"}};
  std::string packages = package;
  const std::string good = "987654321|Manufacturer|Issuer|hotp|sha1|8|0|0|0||" + seed20;
  Lines expected{good};
  for (const auto& [what, with, code] : table) {
    packages += replaced(package, what, with) + package;
    expected.insert(expected.end(), {code, good});
  }
  const auto outcome = read_pskc(file.substr(0, begin) + packages + "</KeyContainer>", preshared());
  EXPECT_EQ(outcome.rows, expected);
  EXPECT_EQ(outcome.failure, "");
  EXPECT_EQ(read_pskc(replaced(file, "Su+NvtQf", "Su+NvtQg"), preshared()).failure, "key-wrong")
      << "nothing fitted yet";
}

TEST(Pskc, APlainFileNeedsNoKeyAndTakesNoHarmFromOne) {
  EXPECT_EQ(read_pskc(figure(3), passphrase()).rows, read_pskc(figure(3)).rows);
}

TEST(SecretBytes, GoToWhoeverTheyAreGiven) {
  keys::SecretBytes one(std::string_view("one")), two(std::string_view("two"));
  keys::SecretBytes taken(std::move(one));
  EXPECT_EQ(taken.view(), "one");
  EXPECT_TRUE(one.empty());  // NOLINT(bugprone-use-after-move): what is left behind is what this is about
  taken = std::move(two);
  EXPECT_EQ(taken.view(), "two");
  std::string text = "secret";
  EXPECT_EQ(keys::take_secret(text).view(), "secret");
  EXPECT_EQ(text, "");
}

}  // namespace
}  // namespace countersign::seed_files
