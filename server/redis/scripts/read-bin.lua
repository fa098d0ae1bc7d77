-- What is in a bin. Reading makes no key. KEYS bin [, the account's last merge]   ARGV merge prefix   -> a bin
return show_bin(redis_now(), KEYS[1], KEYS[2], ARGV[1])
