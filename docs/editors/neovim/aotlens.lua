-- Neovim 0.11 or newer. In init.lua, or as a file of its own in ~/.config/nvim/plugin/.
vim.lsp.config("aotlens", {
  cmd = { "aotlens", "serve" },
  filetypes = { "python", "log", "text" }, -- logs of torch.compile are explained too
  root_markers = { "pyproject.toml", "setup.py", ".git" },
  init_options = {
    trusted = { "~/work" }, -- tracing runs the code in these folders; name your own
    cursor = true, -- the server is told where the cursor rests (below): shapes are shown in that function
  },
  settings = { aotlens = { trace = { run = "onSave" } } },
})
vim.lsp.enable("aotlens")

vim.filetype.add({ extension = { log = "log" } })
vim.api.nvim_create_autocmd("LspAttach", {
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if client == nil or client.name ~= "aotlens" then
      return
    end
    vim.lsp.inlay_hint.enable(true, { bufnr = event.buf })
    vim.api.nvim_create_autocmd({ "BufEnter", "BufWritePost", "CursorHold" }, {
      buffer = event.buf,
      callback = function()
        local place = vim.lsp.util.make_position_params(0, client.offset_encoding)
        client:notify("aotlens/didChangeCursor", place)
        -- Neovim 0.11 asks for code lenses when it is told to. `:lua vim.lsp.codelens.run()` runs the one of the line.
        vim.lsp.codelens.refresh({ bufnr = event.buf })
      end,
    })
  end,
})
