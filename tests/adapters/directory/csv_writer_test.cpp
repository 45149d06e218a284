#include "adapters/directory/csv_writer.h"

#include <gtest/gtest.h>

namespace countersign::directory {
namespace {

std::string cell(std::string_view text) {
  std::string out;
  append_csv_cell(text, out);
  return out;
}

TEST(CsvWriter, EscapesWhatASpreadsheetWouldRun) {
  EXPECT_EQ(cell("=1+1"), "'=1+1");
  EXPECT_EQ(cell("+1"), "'+1");
  EXPECT_EQ(cell("-1"), "'-1");
  EXPECT_EQ(cell("@SUM(A1)"), "'@SUM(A1)");
  EXPECT_EQ(cell("\tx"), "\"'\tx\"");
  EXPECT_EQ(cell("\rx"), "\"'\rx\"");
  EXPECT_EQ(cell("  =1"), "'  =1");
  EXPECT_EQ(cell("\xc2\xa0=1"), "'\xc2\xa0=1");
  EXPECT_EQ(cell("\xe3\x80\x80+1"), "'\xe3\x80\x80+1");
  EXPECT_EQ(cell("\xe2\x80\x8b=1"), "'\xe2\x80\x8b=1");
  EXPECT_EQ(cell("＝1"), "'＝1");
  EXPECT_EQ(cell("＋1"), "'＋1");
  EXPECT_EQ(cell("－1"), "'－1");
  EXPECT_EQ(cell("＠x"), "'＠x");
  EXPECT_EQ(cell("=HYPERLINK(\"x\",\"y\")"), "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\"");
}

TEST(CsvWriter, LeavesOtherCellsAlone) {
  EXPECT_EQ(cell(""), "");
  EXPECT_EQ(cell("   "), "   ");
  EXPECT_EQ(cell("O'Brien"), "O'Brien");
  EXPECT_EQ(cell("a=b"), "a=b");
  EXPECT_EQ(cell("Anne-Marie"), "Anne-Marie");
  EXPECT_EQ(cell("Ωmega"), "Ωmega");
  EXPECT_EQ(cell("ABCD-EFGH-JKMN"), "ABCD-EFGH-JKMN");
}

TEST(CsvWriter, QuotesSeparatorsQuotesAndNewlines) {
  EXPECT_EQ(cell("a,b"), "\"a,b\"");
  EXPECT_EQ(cell("a;b"), "\"a;b\"");
  EXPECT_EQ(cell("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(cell("a\nb"), "\"a\nb\"");
}

TEST(CsvWriter, RowsEndWithCrLf) {
  std::string out(csv_byte_order_mark);
  const std::string_view cells[] = {"First name", "", "=x"};
  append_csv_row(cells, out);
  EXPECT_EQ(out,
            "\xef\xbb\xbf"
            "First name,,'=x\r\n");
}

}  // namespace
}  // namespace countersign::directory
