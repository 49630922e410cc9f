"""The account of all tests: moto reads it from the environment when it is first asked, so it must be there before."""

import os

os.environ["MOTO_ACCOUNT_ID"] = "111122223333"
