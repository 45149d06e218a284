#include "adapters/messages/phone_number.h"

#include <gtest/gtest.h>

namespace countersign::messages {
namespace {

const NumberPlan germany{"49", "0"}, italy{"39", ""};

TEST(PhoneNumber, NormalForms) {
  const struct {
    const char *typed, *normal;
    NumberPlan plan;
  } rows[] = {{"+4915123456767", "+4915123456767", {}},
              {"  +49 151 / 2345-67.67 ", "+4915123456767", {}},
              {"+49 (0)151 23456767", "+4915123456767", {}},
              {"0049 (0) 151 23456767", "+4915123456767", {}},
              {"0049\xc2\xa0"
               "15123456767",
               "+4915123456767",
               {}},
              {"+1 (555) 010-0199", "+15550100199", {}},
              {"0151 23456767", "+4915123456767", germany},
              {"15123456767", "+4915123456767", germany},
              {"+39 02 1234567", "+39021234567", germany},
              {"02 1234567", "+39021234567", italy},
              {"+1234567", "+1234567", {}},
              {"+123456789012345", "+123456789012345", {}}};
  for (const auto& row : rows) {
    const auto number = normalise_number(row.typed, row.plan);
    EXPECT_EQ(number.text, row.normal) << row.typed << ": " << number.error;
    EXPECT_EQ(number.error, "") << row.typed;
  }
}

TEST(PhoneNumber, Refusals) {
  const struct {
    std::string typed, error;
  } rows[] = {{"", "a number is required"},
              {" ", "not a telephone number"},
              {"anna@example.com", "not a telephone number"},
              {"+49 151 CALL ME", "not a telephone number"},
              {"+49+15123456767", "not a telephone number"},
              {"49+15123456767", "not a telephone number"},
              {"+49 151\n23456767", "not a telephone number"},
              {"+\xd9\xa4\xd9\xa9 15123456767", "not a telephone number"},
              {"0151 23456767", "the country is missing: + and its calling code are expected"},
              {"+049 15123456767", "no calling code begins with 0"},
              {"000 15123456767", "no calling code begins with 0"},
              {"+123456", "fewer than 7 digits"},
              {"+", "fewer than 7 digits"},
              {"+1234567890123456", "more than 15 digits"},
              {std::string(65, '1'), "longer than 64 bytes"}};
  for (const auto& row : rows) {
    const auto number = normalise_number(row.typed);
    EXPECT_EQ(number.error, row.error) << row.typed;
    EXPECT_EQ(number.text, "") << row.typed;
  }
}

TEST(PhoneNumber, ANormalFormStaysWhatItIs) {
  const auto once = normalise_number("0049 (0)151 2345-6767", germany);
  EXPECT_EQ(normalise_number(once.text, germany).text, once.text);
}

TEST(PhoneNumber, PlansThatCannotBe) {
  EXPECT_EQ(flaw_in(NumberPlan{}), "");
  EXPECT_EQ(flaw_in(germany), "");
  EXPECT_EQ(flaw_in(italy), "");
  for (const NumberPlan& plan : {NumberPlan{"", "0"}, NumberPlan{"049", ""}, NumberPlan{"+49", ""},
                                 NumberPlan{"1234", ""}, NumberPlan{"49", "x"}})
    EXPECT_NE(flaw_in(plan), "") << plan.calling_code;
}

TEST(PhoneNumber, Masked) {
  EXPECT_EQ(masked_number("+4915123456767"), "+49******67");
  EXPECT_EQ(masked_number("+1234567"), "+12******67");
  for (const char* other : {"", "+49", "4915123456767", "+0915123456767", "anna@example.com", "+1234567890123456"})
    EXPECT_EQ(masked_number(other), "******") << other;
}

}  // namespace
}  // namespace countersign::messages
