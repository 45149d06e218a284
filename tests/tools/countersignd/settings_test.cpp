// What countersignd is told: a mistake in it is found before anything is opened, and named.

#include "tools/countersignd/settings.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "tests/support/scratch_directory.h"

namespace countersign::server {
namespace {

/// What the operator is told; empty: the settings were understood.
std::string mistake(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "countersignd");
  try {
    read_settings(static_cast<int>(arguments.size()), arguments.data());
    return "";
  } catch (const UsageError& error) {
    return error.text;
  }
}

TEST(Settings, AMistakeIsNamedBeforeAnythingIsOpened) {
  EXPECT_EQ(mistake({}), "");
  EXPECT_EQ(mistake({"--log-level", "loud"}), "log.level: debug, info, warning or error is expected, not 'loud'");
  EXPECT_EQ(mistake({"--log-format", "xml"}), "log.format: text or json is expected, not 'xml'");
  EXPECT_EQ(mistake({"--trusted-proxies", "10.0.0.0/8,10.0.0.0/99"}),
            "trusted_proxies: \"10.0.0.0/99\" is not an address or CIDR");
  EXPECT_EQ(mistake({"--egress-allow", "10.0.0.0/8,fd00::/8,127.0.0.1"}), "");
  EXPECT_EQ(mistake({"--egress-allow", "siem.example.com"}).substr(0, 14), "egress.allow: ");
  EXPECT_EQ(mistake({"--limits-queue", "0"}), "--limits-queue: a whole number from 1 to 1000000 is expected, not '0'");
  EXPECT_EQ(mistake({"--listen", "0.0.0.0:1"}).substr(0, 35), "listen: 0.0.0.0:1 is beyond loopbac");
  EXPECT_EQ(mistake({"--erasures", "x"}), "--keep-tokens and --erasures go with --restore");
  EXPECT_EQ(mistake({"--erasures-key", "x"}), "--erasures-key goes with --erasures");
  EXPECT_NE(mistake({"--nonsense"}), "");
}

TEST(Settings, OfTransportsAreReadByThem) {
  const char* arguments[] = {"countersignd",  "--mail-host", "mail.example.com", "--mail-timeout-ms", "5",
                             "--sms-gateway", "kannel"};
  const auto settings = read_settings(static_cast<int>(std::size(arguments)), arguments);
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->mail, (messages::SettingValues{{"host", "mail.example.com"}, {"timeout_ms", "5"}}));
  EXPECT_EQ(settings->sms, (messages::SettingValues{{"gateway", "kannel"}}));
  EXPECT_EQ(mistake({"--mail-tls", "maybe"}), "mail.tls: starttls or tls or none is expected, not 'maybe'");
  EXPECT_EQ(mistake({"--sms-timeout-ms", "0"}), "sms.timeout_ms: a whole number from 1 to 600000 is expected, not '0'");
  EXPECT_EQ(mistake({"--limits-messages-per-hour", "21"}),
            "--limits-messages-per-hour: a whole number from 0 to 20 is expected, not '21'");
}

TEST(Settings, ARootKeyThatCouldNotServeIsRefusedWithoutShowingIt) {
  for (const char* key : {"short", "with a blank in its middle", "cskey_something_that_is_an_api_key"}) {
    const auto told = mistake({"--root-key", key});
    EXPECT_EQ(told.substr(0, 9), "root_key:") << key;
    EXPECT_EQ(told.find(key), std::string::npos) << key;
  }
  EXPECT_EQ(mistake({"--root-key", "sixteen-letters-at-least"}), "");
}

TEST(Settings, AVariableThatIsNoSettingIsNoticed) {
  ::setenv("COUNTERSIGN_LIMITS_QUEU", "7", 1);
  const char* arguments[] = {"countersignd"};
  const auto settings = read_settings(1, arguments);
  ::unsetenv("COUNTERSIGN_LIMITS_QUEU");
  ASSERT_TRUE(settings);
  EXPECT_NE(std::ranges::find(settings->unknown_variables, "COUNTERSIGN_LIMITS_QUEU"),
            settings->unknown_variables.end());
}

TEST(Settings, AMistakeInTheFileNamesTheFile) {
  const testing::ScratchDirectory scratch;
  const auto file = scratch / "settings.toml";
  const auto with = [&](const char* text) {
    std::ofstream(file) << text;
    return mistake({"--config", file.c_str()});
  };
  EXPECT_EQ(with("[limits]\nqueue = 7\n"), "");
  EXPECT_EQ(with("nonsense = 1\n"), file + ": there is no setting 'nonsense'");
  EXPECT_EQ(with("[limits]\nqueue = 'x'\n"),
            file + ": limits.queue: a whole number from 1 to 1000000 is expected, not 'x'");
  EXPECT_EQ(with("insecure_plain_http = 'yes'\n"),
            file + ": insecure_plain_http: true or false is expected, not 'yes'");
}

}  // namespace
}  // namespace countersign::server
