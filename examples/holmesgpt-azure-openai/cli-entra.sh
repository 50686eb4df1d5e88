#!/bin/sh
# Step "Microsoft Entra" for the command line, after `az login`: no key.
set -e
export AZURE_AD_TOKEN_AUTH="true"
export AZURE_API_BASE="https://contoso-ai.openai.azure.com"
export AZURE_API_VERSION="2025-01-01-preview"

holmes-host ask "what pods are failing?" --model "azure/gpt-41"
