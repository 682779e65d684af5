-- What somebody does in a quarter of a minute: looks, types, mends, undoes, saves, opens another file, closes both.
local command = { vim.env.PYTHON, vim.env.RECORDER, vim.env.OUT, vim.fn.getcwd() }
local function attach()
  vim.lsp.buf_attach_client(0, vim.g.client)
end
vim.ui.select = function() end -- nobody chooses an action
vim.o.more = false
vim.o.swapfile = false
vim.o.cmdheight = 20
vim.o.lines = 60
vim.cmd("edit model.py")
vim.g.client = vim.lsp.start_client({ name = "aotlens", cmd = command, root_dir = vim.fn.getcwd() })
attach()
local function wait(milliseconds)
  vim.wait(milliseconds, function() return false end, 20)
end
local function keys(text)
  vim.api.nvim_feedkeys(vim.api.nvim_replace_termcodes(text, true, false, true), "xt", false)
  wait(300)
end
local function look(line, column)
  vim.cmd("silent! wincmd t | only!")
  vim.api.nvim_win_set_cursor(0, { math.min(line, vim.api.nvim_buf_line_count(0)), column })
  vim.lsp.buf.hover()
  vim.lsp.buf.definition()
  vim.lsp.buf.references()
  vim.lsp.buf.document_highlight()
  vim.lsp.buf.signature_help()
  vim.lsp.codelens.refresh()
  wait(100)
  wait(300)
end
wait(4000)
look(8, 14)
look(5, 7)
keys("/return<CR>Oy = self.fc(x<Esc>")
look(11, 10)
keys("A)<Esc>")
keys("u")
keys("<C-r>")
keys("ggdd")
keys("u")
keys("Gotail = '\240\159\152\128'<Esc>")
look(5, 7)
keys(":w<CR>")
vim.cmd("edit train.py")
attach()
look(8, 12)
keys("5Gdd")
keys("u")
vim.cmd("bdelete!")
vim.cmd("bdelete!")
wait(300)
vim.cmd("qall!")
