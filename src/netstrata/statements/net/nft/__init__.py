"""nftables, in the words of nft(8)."""
